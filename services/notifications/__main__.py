"""`python -m services.notifications [api] [worker]`."""

from shared.process import main

main("notifications")
