"""`python -m shared.probe [PATH [PORT]]`: whether the process of this container is ready.

The images' health check: exit code 0 when it answers with success, at /health/ready on the port of
STEPWELL_PORT unless others are named.
"""

import http.client
import os
import sys

PATIENCE_SECONDS = 3.0
READY = "/health/ready"


def answers(port: int, path: str = READY) -> bool:
    """Whether the process that listens on `port` of this machine answers `path` with success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    path = given.get(1, READY)
    port = given.get(2) or os.environ.get("STEPWELL_PORT", "8000")
    sys.exit(not answers(int(port), path))
