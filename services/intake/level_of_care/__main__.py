"""`python -m services.intake.level_of_care FILE`: is FILE a policy that can be used?

Prints the policy as JSON and exits with 0, or one line `FILE:line: reason` on stderr and 1.
"""

import sys

from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from shared.datafiles import check_file

if __name__ == "__main__":
    sys.exit(check_file(LevelOfCarePolicy, sys.argv[1]))
