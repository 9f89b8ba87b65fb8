"""`python -m services.notifications [api] [worker]`."""

from shared.service import main

main("notifications")
