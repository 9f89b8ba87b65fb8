"""`python -m portal`."""

import sys

import uvicorn
from pydantic import ValidationError

from portal.app import application
from portal.settings import Settings


def main() -> None:
    """Serve the portal until it is asked to stop; exit code 3 for settings that cannot be used."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        sys.stderr.write(f"The portal cannot start: {wrong}\n")
        sys.exit(3)
    uvicorn.run(
        application(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
