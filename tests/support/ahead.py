"""`python -m tests.support.ahead`: make what the installations of `make deployment` are made of.

On a new machine that takes minutes, most of them in Go's compiler. Continuous integration starts it
while other tests run, with little right to the processor. What cannot be made is left to the tests,
which say why.
"""

import time

import pytest

from tests.support.compose_engine import Engine, require_tools
from tests.support.kubernetes.programs import programs


def main() -> None:
    began = time.monotonic()
    for name, make in (("Kubernetes", programs), ("images", images)):
        try:
            make()
            print(f"{name}: ready after {time.monotonic() - began:.0f} s")
        except (pytest.fail.Exception, pytest.skip.Exception, AssertionError, OSError) as error:
            print(f"{name}: not made ahead: {error}")


def images() -> None:
    require_tools()
    engine = Engine.in_cache()
    with engine.alone():
        engine.make()


if __name__ == "__main__":
    main()
