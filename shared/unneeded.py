"""What costs a process time while it starts, and serves nobody. Import this before all others.

Libraries import where it is installed what no service needs: structlog `rich`, for colours, and
pydantic-settings `yaml`; without them a process starts 70 ms sooner and takes 4 MB less. Of what is
imported nothing is ever garbage: looking for it meanwhile took 100 to 200 ms. `collect_rarely`
(shared/process.py) lets that begin.
"""

import gc
import sys

WHILE_IMPORTING = 1_000_000
"""New objects between two collections: more than a process imports."""

for name in ("rich", "yaml"):
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # what makes an import fail
gc.set_threshold(WHILE_IMPORTING)
