"""`python -m services.notifications [api] [worker]`."""

import shared.unneeded  # noqa: F401 - before all others
from shared.process import main

main("notifications")
