"""`python -m services.outcomes.step_down FILE`: is FILE a policy that can be used?

Prints the policy as JSON and exits with 0, or one line `FILE:line: reason` on stderr and 1.
"""

import sys

from services.outcomes.step_down.policy import RecommendationPolicy
from shared.datafiles import check_file

if __name__ == "__main__":
    sys.exit(check_file(RecommendationPolicy, sys.argv[1]))
