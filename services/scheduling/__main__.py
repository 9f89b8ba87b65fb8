"""`python -m services.scheduling [api] [worker]`."""

from services.scheduling.service import service
from shared.service import main

if __name__ == "__main__":
    main(service)
