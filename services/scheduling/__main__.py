"""`python -m services.scheduling [api] [worker]`."""

import shared.unneeded  # noqa: F401 - before all others
from shared.process import main

if __name__ == "__main__":
    main("scheduling")
