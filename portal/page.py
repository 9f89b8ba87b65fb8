"""A request of somebody who is logged in: what they may ask, and the page that they are shown."""

import asyncio
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData

from portal.api import OPERATIONS, Api, Away, Missing, Refused, may
from portal.identity import NotLoggedIn, Provider, ProviderAway
from portal.sessions import Sessions
from portal.words import Words

RENEW_SECONDS = 30.0
"""So long before its end an access token is renewed."""
SITES_SECONDS = 60.0
"""How long the names of sites are remembered for a session."""
EMERGENCY_SECONDS = 900.0
PAGE = 200
"""Items of a list that are asked for at once: as many as the services show."""
CLINICIANS = ("counselor", "clinical_lead")


class LoggedOut(Exception):
    """Nobody is logged in, or no longer."""


@dataclass
class Sent:
    """A form that was sent and not taken: what stood in it, and why it was refused."""

    form: str
    fields: Mapping[str, list[str]]
    errors: Mapping[str, str] = field(default_factory=dict)
    unknown: bool = False
    """It may have been done: it is sent again with the same key, which does no harm."""

    def value(self, name: str) -> str | None:
        """What a field held."""
        given = self.fields.get(name)
        return given[-1] if given else None


@dataclass
class Page:
    """What views and templates know of the request at hand."""

    request: Request
    secret: str
    session: dict[str, Any]
    words: Words
    api: Api
    provider: Provider
    sessions: Sessions
    acts: tuple[str, ...] = ()
    sent: Sent | None = None
    problem: dict[str, Any] | None = None
    found: Any = None
    """What a search found that was sent as a form."""
    calls: int = 0
    _form: str = ""
    _ids: int = 0

    # What is asked of the services

    async def need(self, name: str, /, **values: Any) -> Any:
        """An answer that the page is about. Raises Away, Refused, LoggedOut."""
        return await self._call(name, values)

    async def ask(self, name: str, /, **values: Any) -> Any:
        """An answer that the page can do without: in its place is said what is not to be had."""
        if not self.may(name):
            return Missing(name.partition(".")[0], "403")
        try:
            return await self._call(name, values)
        except Away as away:
            return Missing(away.service, "away")
        except Refused as refused:
            return Missing(refused.service, str(refused.status))

    async def whole(self, name: str, /, **values: Any) -> Any:
        """A list to its end, or as `ask` says what is not to be had of it."""
        listed = part = await self.ask(name, limit=PAGE, **values)
        while part.next and len(part) == PAGE:
            part = await self.ask(name, limit=PAGE, cursor=part.next, **values)
            if isinstance(part, Missing):
                return part
            listed += part
        return listed

    async def both(self, *asked: Any) -> list[Any]:
        """Several answers at once."""
        return list(await asyncio.gather(*asked))

    async def send(
        self, name: str, values: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> Any:
        """Have something changed. Raises as `need`."""
        return await self._call(name, values, body=body, headers=headers)

    async def names(self, ids: Iterable[str | None]) -> dict[str, str]:
        """The names of clients by their ids, of those whom the caller may see."""
        wanted = sorted({one for one in ids if one})
        parts = (wanted[n : n + PAGE] for n in range(0, len(wanted), PAGE))
        found = await self.both(
            *(self.ask("intake.list_clients", client_id=part, limit=PAGE) for part in parts)
        )
        return {one["id"]: full_name(one, self.words) for part in found for one in part}

    async def sites(self) -> dict[str, dict[str, Any]]:
        """The sites that the caller may see, by id; remembered for a minute."""
        known = self.session.get("known_sites")
        if known and known["until"] > time.time():
            return dict(known["sites"])
        listed = await self.whole("scheduling.list_sites")
        sites = {one["id"]: one for one in sorted(listed, key=lambda one: one["name"].lower())}
        if listed:
            kept = {
                key: {"id": key, "name": one["name"], "time_zone": one["time_zone"]}
                for key, one in sites.items()
            }
            self.keep(known_sites={"until": time.time() + SITES_SECONDS, "sites": kept})
        return sites

    async def _call(self, name: str, values: Mapping[str, Any], **more: Any) -> Any:
        self.calls += 1
        operation = OPERATIONS[name]
        headers = dict(more.pop("headers", None) or {})
        client = str(values.get("client_id", ""))
        reason = self.emergency(client) if "Break-Glass" in operation["headers"] else None
        if reason is not None:
            headers["Break-Glass"] = reason
        try:
            return await self.api.call(name, await self.token(), values, headers=headers, **more)
        except Refused as refused:
            if refused.status == 401:
                raise LoggedOut from None
            raise

    async def token(self) -> str:
        """An access token that is good for a while yet. Raises Away, LoggedOut."""
        if self.session["good_until"] - time.time() > RENEW_SECONDS:
            return str(self.session["access"])
        try:
            async with self.sessions.refreshing(self.secret):
                self.session = self.sessions.read(self.secret) or {}
                if self.session.get("good_until", 0) - time.time() <= RENEW_SECONDS:
                    tokens = await self.provider.renewed(self.session.get("refresh", ""))
                    self.session = self.sessions.change(self.secret, **tokens)
        except ProviderAway:
            raise Away("identity") from None
        except (NotLoggedIn, KeyError):
            self.sessions.end(self.secret)
            raise LoggedOut from None
        return str(self.session["access"])

    # Who asks, and what they may

    @property
    def role(self) -> str:
        """The role of whoever is logged in."""
        return str(self.session["role"])

    def may(self, name: str) -> bool:
        """Whether the caller's role may call an operation."""
        return may(self.role, name)

    def emergency(self, client: str) -> str | None:
        """Why the caller reads a client of another site now; None where they do not."""
        reason, until = self.session.get("emergencies", {}).get(client, (None, 0.0))
        return reason if until > time.time() else None

    def keep(self, **changes: Any) -> None:
        """Keep something in the session."""
        try:
            self.session = self.sessions.change(self.secret, **changes)
        except KeyError:
            raise LoggedOut from None

    def query(self, name: str, otherwise: str = "") -> str:
        """A parameter of the address."""
        return self.request.query_params.get(name, otherwise).strip()

    # What templates use to write forms

    def begin_form(self, form: str) -> str:
        """Fields that follow belong to this form; the key that makes sending it twice harmless."""
        self._form = form
        if self._again and self.sent and self.sent.unknown:
            return self.sent.value("key") or uuid.uuid4().hex
        return uuid.uuid4().hex

    @property
    def _again(self) -> bool:
        return self.sent is not None and self.sent.form == self._form

    def value(self, name: str, otherwise: Any = "") -> Any:
        """What a field of the form at hand holds: what was sent, else what is given."""
        given = self.sent.value(name) if self._again and self.sent else None
        return otherwise if given is None else given

    def values(self, name: str, otherwise: Iterable[str] = ()) -> list[str]:
        """The same of a field with several values."""
        if self._again and self.sent:
            return list(self.sent.fields.get(name, []))
        return list(otherwise)

    def error(self, name: str) -> str:
        """What is wrong with a field of the form at hand."""
        if not (self._again and self.sent):
            return ""
        return self.sent.errors.get(name.removeprefix("body."), "")

    def new_id(self) -> str:
        """An id that nothing else on the page has."""
        self._ids += 1
        return f"i{self._ids}"


def sent_form(form: FormData) -> dict[str, list[str]]:
    """The text fields of a form; the buttons' own fields among them."""
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    for act in found.get("act", [])[-1:]:
        for part in act.split("|"):
            name, _, value = part.partition("=")
            found[name] = [value]
    return found


def full_name(client: Mapping[str, Any], words: Words) -> str:
    """A client's name as staff reads it."""
    parts = [client.get("given_name"), client.get("family_name")]
    return " ".join(part for part in parts if part) or words.text("Name not known")


NO_SITE: dict[str, Any] = {"id": "", "name": "", "time_zone": "UTC"}


async def site_of(page: Page) -> dict[str, Any]:
    """The site that a page is about: that of the address, else the one looked at before, else the
    first. Raises Away where sites cannot be had, Refused (404) where there is none."""
    sites = await page.sites()
    wanted = page.query("site") or page.session.get("site", "")
    if page.query("site") and wanted not in sites and sites:
        raise Refused("scheduling", 404, {})
    site = sites.get(wanted) or next(iter(sites.values()), None)
    if site is None:
        found = await page.need("scheduling.list_sites", limit=1)
        site = found[0] if found else NO_SITE
    if page.session.get("site") != site["id"]:
        page.keep(site=site["id"])
    return site
