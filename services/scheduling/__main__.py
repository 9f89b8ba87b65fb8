"""`python -m services.scheduling [api] [worker]`."""

from shared.process import main

if __name__ == "__main__":
    main("scheduling")
