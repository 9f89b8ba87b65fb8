"""`python -m services.outcomes [api] [worker]`, or `python -m services.outcomes stream`."""

import shared.unneeded  # noqa: F401 - before all others
from shared.process import main

if __name__ == "__main__":
    main("outcomes", stream="services.outcomes.engagement.stream:run")
