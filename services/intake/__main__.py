"""`python -m services.intake [api] [worker]`."""

from shared.process import main

if __name__ == "__main__":
    main("intake")
