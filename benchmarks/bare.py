"""`python -m benchmarks.bare`: bare FastAPI with one INSERT, the floor of an API write.

The same request body is validated by the same model, one row is inserted, and an answer of the same
shape is given; there is no token, no idempotency, no event and no row-level security.
Environment: BARE_DATABASE_URL, BARE_PORT.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

from services.intake.referrals.schemas import NewReferral

INSERT = """
INSERT INTO bare (id, site_id, given_name, family_name, birth_date, gender, source, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
TABLE = """
CREATE TABLE bare (
  id uuid PRIMARY KEY, site_id uuid, given_name text, family_name text, birth_date date,
  gender text, source text, received_at timestamptz
)
"""


class Made(BaseModel):
    """The answer."""

    id: UUID
    client_id: UUID
    site_id: UUID
    source: str
    received_at: datetime


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool(os.environ["BARE_DATABASE_URL"], max_size=10)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/referrals", status_code=201)
async def receive(body: NewReferral, request: Request) -> Made:
    """Insert one row."""
    made = Made(
        id=uuid4(),
        client_id=uuid4(),
        site_id=body.site_id,
        source=body.source,
        received_at=datetime.now(UTC),
    )
    person = body.person
    await request.app.state.pool.execute(
        INSERT,
        made.id,
        made.site_id,
        person.given_name,
        person.family_name,
        person.birth_date,
        person.gender,
        made.source,
        made.received_at,
    )
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
