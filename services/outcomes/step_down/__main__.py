"""`python -m services.outcomes.step_down FILE`: is FILE a policy that can be used?

Prints the policy as JSON and exits with 0, or one line `FILE:line: reason` on stderr and 1.
"""

import sys
from pathlib import Path

from services.outcomes.step_down.policy import RecommendationPolicy
from shared.datafiles import DataFileInvalid, parse


def main(file: str) -> int:
    """Check one file."""
    try:
        policy = parse(RecommendationPolicy, Path(file).read_text("utf-8"), file)
    except DataFileInvalid as invalid:
        print(invalid, file=sys.stderr)
        return 1
    except UnicodeDecodeError:
        print(f"{file}:1: is no UTF-8 text", file=sys.stderr)
        return 1
    print(policy.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
