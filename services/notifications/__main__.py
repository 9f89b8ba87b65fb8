"""`python -m services.notifications [api] [worker]`."""

from services.notifications.service import service
from shared.service import main

main(service)
