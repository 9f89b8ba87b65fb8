"""Reading and changing over HTTP: the caller's transaction, idempotent creation, ETags."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg
import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from shared.access.caller import Caller
from shared.database import Database, IdempotentAnswer, Overtaken, Transaction
from shared.database.transaction import Access, Sites
from shared.errors import NotFound, Refused, StaleVersion
from shared.web import audit
from shared.web.problems import (
    Busy,
    IdempotencyKeyNeeded,
    IdempotencyKeyReused,
    PreconditionRequired,
)

M = TypeVar("M", bound=BaseModel)
E = TypeVar("E", bound=Callable[..., Awaitable[Any]])
ATTEMPTS = 3
ATTEMPTS_AT_MANY = 20
"""Where several states will do, each change by others costs another attempt and is no conflict."""
LONGEST_KEY = 255
CONTENTION = "Others change the same things just now. Nothing was changed: repeat the request."
CONTENDED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, Overtaken)

ENTITY_TAG = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
"""An entity tag of RFC 9110, 8.8.3. It may hold a comma, so that a list is not split at each."""
ENTITY_TAGS = re.compile(rf"(?:{ENTITY_TAG})?(?:[ \t]*,[ \t]*(?:{ENTITY_TAG})?)*")
OURS = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
"""What stands in our own tags: the version, in the one way in which we write it."""
NO_VERSION = -1
"""No row has it."""

STORED = """
SELECT operation, body_hash, status, headers, body, clients, sites
FROM platform.idempotency_keys WHERE subject = $1 AND key = $2
"""


KEPT = timedelta(days=30)
"""How long an answer is remembered; a request is repeated within minutes."""
FORGET = """
DELETE FROM platform.idempotency_keys WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM platform.idempotency_keys WHERE answered_at < $1 LIMIT $2
  FOR UPDATE SKIP LOCKED
))
"""


@dataclass(frozen=True, slots=True)
class IfMatch:
    """What a request's If-Match takes: some versions, or with `any` whatever is there."""

    versions: tuple[int, ...]
    any: bool = False

    def takes(self, version: int) -> bool:
        return self.any or version in self.versions


@dataclass(frozen=True, slots=True)
class Key:
    """What identifies a repeated request: who, under which key, where, and with what body."""

    subject: str
    key: str
    operation: str
    body_hash: bytes


async def show(
    request: Request, caller: Caller, query: Callable[[Transaction], Awaitable[BaseModel]]
) -> Response:
    """Answer with what `query` finds among the caller's sites, with an ETag when it has a version.

    With the header `Break-Glass` a clinician reads one client of any site, where the route is
    marked by `of_one_client`; see `shared.web.audit`.
    """
    seen = audit.reading(request, caller)
    database: Database = request.app.state.database

    async def read(tx: Transaction) -> tuple[BaseModel, Access]:
        found = await query(tx)
        tx.access = access = audit.access(request, caller, "read", found, seen.reason)
        return found, access

    found, access = await database.run(seen.sites, read)
    audit.tell(access)
    return _answer(found, 200)


async def create(
    request: Request,
    caller: Caller,
    command: Callable[[Transaction], Awaitable[M]],
    *,
    location: str | Callable[[M], str],
    status: int = 201,
) -> Response:
    """Run `command` once for the request's Idempotency-Key and answer with what it made, which is
    found at `location`: `/rooms/{id}`, with the fields of what was made.

    The answer is stored in the command's transaction. A repetition of the request gets the stored
    answer, which is noted as a read, as it shows the record once more; the same key with another
    body is refused. Looking the key up is left for the rare case that it was used before: then the
    transaction cannot commit.
    """
    key = await _key_of(request, caller)
    database: Database = request.app.state.database

    async def make(tx: Transaction) -> Response:
        made = await command(tx)
        at = location.format(**dict(made)) if isinstance(location, str) else location(made)
        answer = kept = _answer(made, status, {"location": at})
        if secrets := getattr(made, "told_once", ()):
            kept = _answer(made.model_copy(update=dict.fromkeys(secrets)), status)
        tx.access = audit.access(request, caller, "change", made)
        tx.remember(
            IdempotentAnswer(
                key.subject,
                key.key,
                key.operation,
                key.body_hash,
                status,
                {
                    name.decode(): value.decode("latin-1")
                    for name, value in answer.raw_headers
                    if name != b"content-length"
                },
                bytes(kept.body),
            )
        )
        return answer

    for attempt in range(ATTEMPTS):
        try:
            return await database.run(caller.sites, make)
        except asyncpg.UniqueViolationError:
            if (stored := await _stored(request, caller, key)) is not None:
                return stored
            # Another request came first: the command now sees what it made, and refuses in the
            # words of the domain. Only a command that never looks is left with the violation.
            if attempt == ATTEMPTS - 1:
                raise
        except Refused:
            if (stored := await _stored(request, caller, key)) is not None:
                return stored
            raise
        except CONTENDED:
            continue
    raise Busy(CONTENTION)


async def forget_answers(tx: Transaction, limit: int) -> int:
    """Delete `limit` remembered answers that are old at most, and say how many they were: they
    repeat what clients' own rows hold."""
    done = await tx.execute(FORGET, tx.now - KEPT, limit)
    return int(done.split()[-1])


async def update(
    request: Request, caller: Caller, command: Callable[[Transaction, int], Awaitable[M]]
) -> Response:
    """Run `command` with a version that the request's If-Match takes; answer with the new state.

    The command refuses a version that is no longer current by `shared.errors.require_version`. It
    is run again with the current one where If-Match takes that too.
    """
    if_match = _if_match(request)
    expected = next(iter(if_match.versions), NO_VERSION)
    database: Database = request.app.state.database
    for _ in range(ATTEMPTS if len(if_match.versions) == 1 else ATTEMPTS_AT_MANY):

        async def change(tx: Transaction, version: int = expected) -> Response:
            changed = await command(tx, version)
            tx.access = audit.access(request, caller, "change", changed)
            return _answer(changed, 200)

        try:
            return await database.run(caller.sites, change)
        except StaleVersion as stale:
            if stale.current in (None, expected) or not if_match.takes(stale.current):
                raise
            expected = stale.current
        except CONTENDED:
            continue
    raise Busy(CONTENTION)


async def remove(
    request: Request, caller: Caller, command: Callable[[Transaction], Awaitable[BaseModel]]
) -> Response:
    """Run `command`, which takes something away that has no version, and answer without a body.

    A repetition is told that it is not there.
    """
    database: Database = request.app.state.database

    async def take(tx: Transaction) -> Response:
        taken = await command(tx)
        tx.access = audit.access(request, caller, "change", taken)
        return Response(status_code=204)

    for _ in range(ATTEMPTS):
        try:
            return await database.run(caller.sites, take)
        except CONTENDED:
            continue
    raise Busy(CONTENTION)


async def run_again(
    database: Database, sites: Sites, work: Callable[[Transaction], Awaitable[M]]
) -> M:
    """Run `work` in a transaction, and again where others were in its way.

    Raises:
        Busy: they were, each time.
    """
    for _ in range(ATTEMPTS):
        try:
            return await database.run(sites, work)
        except CONTENDED:
            continue
    raise Busy(CONTENTION)


def none_match(request: Request, tag: str) -> bool:
    """Whether the request's If-None-Match, if there is one, leaves out the entity tag of what there
    is, by weak comparison (RFC 9110, 13.1.2): then it is to be sent."""
    given = ",".join(request.headers.getlist("if-none-match"))
    known = {f'"{opaque}"' for _, opaque in re.findall(ENTITY_TAG, given)}
    return tag not in known and given.strip() != "*"


def needs_if_match(route: E) -> E:
    """Mark a POST that changes something versioned, so that the documentation shows If-Match."""
    route.needs_if_match = True  # type: ignore[attr-defined]
    return route


def of_one_client(route: E) -> E:
    """Mark a GET that reads the record of one client: in an emergency a clinician may break the
    glass for it."""
    route.of_one_client = True  # type: ignore[attr-defined]
    return route


def _answer(shown: BaseModel, status: int, headers: dict[str, str] | None = None) -> Response:
    headers = dict(headers or {})
    version = getattr(shown, "version", None)
    if isinstance(version, int):
        headers["etag"] = f'"{version}"'
    return Response(
        shown.model_dump_json(), status_code=status, headers=headers, media_type="application/json"
    )


async def _key_of(request: Request, caller: Caller) -> Key:
    key = request.headers.get("idempotency-key", "")
    if not 0 < len(key) <= LONGEST_KEY:
        raise IdempotencyKeyNeeded(
            "Send an Idempotency-Key header of 1 to 255 characters, a new one for each creation."
        )
    body = await request.body()
    operation = f"{request.method} {request.scope['path']}"
    return Key(caller.subject, key, operation, hashlib.sha256(body).digest())


async def _stored(request: Request, caller: Caller, key: Key) -> Response | None:
    """The answer that was given under the key, noted as a read of whom it is about.

    Raises:
        IdempotencyKeyReused: the key belongs to another request.
        NotFound: the answer is about a site that the caller may see no more.
    """
    database: Database = request.app.state.database

    async def read(tx: Transaction) -> asyncpg.Record | None:
        row = await tx.fetchrow(STORED, key.subject, key.key)
        if row is None:
            return None
        if (row["operation"], row["body_hash"]) != (key.operation, key.body_hash):
            raise IdempotencyKeyReused(
                "This Idempotency-Key belongs to another request: use a new key for a new request."
            )
        sites = [site for site in row["sites"] or () if site is not None]
        if not all(caller.may_see(site) for site in sites):
            raise NotFound("What was made with this Idempotency-Key is at no site of yours.")
        tx.access = audit.repeated(request, caller, row["clients"] or (), row["sites"] or ())
        return row

    row = await database.run(frozenset(), read)
    if row is None:
        return None
    headers: dict[str, str] = orjson.loads(row["headers"])
    return Response(
        bytes(row["body"]),
        status_code=row["status"],
        headers={**headers, "Idempotency-Replayed": "true"},
    )


def _if_match(request: Request) -> IfMatch:
    """What the request's If-Match takes, by strong comparison (RFC 9110, 13.1.1).

    A weak tag matches nothing, whatever it holds, and so does what is no tag of ours or no list of
    tags. Several header lines are one list, and a list may have empty parts (RFC 9110, 5.6.1).

    Raises:
        PreconditionRequired: there is none.
    """
    given = ",".join(request.headers.getlist("if-match")).strip(" \t,")
    if not given:
        raise PreconditionRequired("Send the ETag that you read as If-Match.")
    if given == "*":
        return IfMatch((), any=True)
    if not ENTITY_TAGS.fullmatch(given):
        return IfMatch(())
    strong = [tag for weak, tag in re.findall(ENTITY_TAG, given) if not weak]
    return IfMatch(tuple(int(tag) for tag in strong if OURS.fullmatch(tag)))
