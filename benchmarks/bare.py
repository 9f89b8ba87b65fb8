"""`python -m benchmarks.bare`: bare FastAPI with one INSERT, the floor of an API write.

The same request body is validated by the same model, one row is inserted, and an answer of the same
shape is given; there is no token, no idempotency, no event and no row-level security.
Environment: BARE_DATABASE_URL, BARE_PORT.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI, Request

from services.scheduling.directory.schemas import NewSite, Site

INSERT = "INSERT INTO bare (id, name, time_zone, opened_at) VALUES ($1, $2, $3, $4)"
TABLE = """
CREATE TABLE bare (
  id uuid PRIMARY KEY, name text NOT NULL, time_zone text NOT NULL, opened_at timestamptz NOT NULL
)
"""


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool(os.environ["BARE_DATABASE_URL"], max_size=10)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/sites", status_code=201)
async def open_site(body: NewSite, request: Request) -> Site:
    """Insert one row."""
    made = Site(id=uuid4(), **body.model_dump(), opened_at=datetime.now(UTC), version=1)
    await request.app.state.pool.execute(INSERT, made.id, made.name, made.time_zone, made.opened_at)
    return made


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["BARE_PORT"]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
    )
