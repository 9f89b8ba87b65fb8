"""`python -m services.intake [api] [worker]`."""

from services.intake.service import service
from shared.service import main

if __name__ == "__main__":
    main(service)
