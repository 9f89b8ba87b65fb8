"""Verifying access tokens against the keys of the configured OIDC issuer."""

import asyncio
import time
import warnings
from typing import Any
from uuid import UUID

import httpx
import structlog
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, Key, KeySet

from shared.access.caller import Caller
from shared.access.issuer import discovered, fetched
from shared.access.roles import Role
from shared.authorities import trusted
from shared.database.transaction import ALL_SITES, Sites
from shared.settings import Settings

log = structlog.get_logger()

ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"]
"""Asymmetric only. `Ed25519` is RFC 9864's name of what is commonly sent as `EdDSA`."""
LEEWAY_SECONDS = 10
"""How far the clocks of the issuer and of this machine may differ: for `iat`, `nbf` and `exp`."""
LONGEST_LIFE_SECONDS = 366 * 24 * 3600
"""Nobody issues an access token for more than a year; one that says so was made by mistake."""
TIMES = ("exp", "iat", "nbf")
KEYS_MAX_AGE_SECONDS = 600.0
KEYS_RETRY_SECONDS = 10.0
"""How long after a failure old keys are asked for again."""
KEY_ID_RETRY_SECONDS = 1.0
"""How long a key id that the issuer did not publish stays unknown before it is looked for again."""
KEYS_PAUSE_SECONDS = 0.1
"""Anybody can send a token with a new key id: those wait so long after a reading, and share one."""
REMEMBERED_TOKENS = 4_096
LONGEST_SUBJECT = 255
UNREADABLE = (JoseError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What the library raises at a text that is no token, and at parts of it of another kind than they
should be, such as a `crit` that is no list. Anybody can send such a text: it is no defect."""
KEY_TYPES = ("RSA", "EC", "OKP")

warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)


class InvalidToken(Exception):
    """The token is not one of ours, not for us, or no longer valid; the message says which."""


class IssuerUnavailable(Exception):
    """The issuer's keys cannot be had and none are cached."""


class Verifier:
    """Turns a bearer token into a caller.

    Whether a token is still valid is a question of security, not of the domain, so it is held
    against the machine's clock and not the platform's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = httpx.AsyncClient(timeout=5.0, verify=trusted())
        self._keys: KeySet | None = None
        self._keys_at = float("-inf")
        self._asked_at = float("-inf")
        self._loading = asyncio.Lock()
        self._unknown: dict[str, float] = {}
        self._refreshing: asyncio.Task[None] | None = None
        self._verified: dict[str, tuple[float, Caller]] = {}
        issuer = settings.oidc_issuer.rstrip("/")
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(time.time()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "values": [issuer, f"{issuer}/"]},
            aud={"essential": True, "value": settings.oidc_audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def close(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
        await self._http.aclose()

    def remembered(self, token: str) -> Caller | None:
        """The caller of a token that was verified before and has not expired.

        None once the keys are old: looking at the token anew asks for the keys that are in force.
        """
        if time.monotonic() - self._keys_at > KEYS_MAX_AGE_SECONDS:
            return None
        known = self._verified.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        return None

    async def verify(self, token: str) -> Caller:
        """The caller of `token`.

        Raises:
            InvalidToken: saying what is wrong with it.
            IssuerUnavailable: the keys cannot be had.
        """
        if (known := self.remembered(token)) is not None:
            return known
        claims = await self._checked(token)
        caller = _caller(claims)
        if len(self._verified) >= REMEMBERED_TOKENS:
            self._verified.clear()
        self._verified[token] = (caller.expires_at or 0.0, caller)
        return caller

    async def _checked(self, token: str) -> dict[str, Any]:
        keys = await self._key_set()
        try:
            decoded = self._decode(token, keys)
        except InvalidKeyIdError:
            decoded = self._decode(token, await self._looked_for(token), last=True)
        _check_times(decoded.claims)
        try:
            self._claims.validate(decoded.claims)
        except JoseError as error:
            raise InvalidToken(f"{error.error}: {error.description or 'claim'}") from None
        except UNREADABLE:
            raise InvalidToken("its claims are not of the kinds they should be") from None
        return decoded.claims

    @staticmethod
    def _decode(token: str, keys: KeySet, *, last: bool = False) -> jwt.Token:
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            if not last:
                raise
            raise InvalidToken("it is signed with a key the issuer does not publish") from None
        except UNREADABLE:
            raise InvalidToken("its signature or form is not valid") from None

    async def _key_set(self) -> KeySet:
        """The keys. Old ones stay in use while new ones are fetched, or the issuer is away."""
        if self._keys is None:
            await self._load(since=time.monotonic() - 0.5)
        elif (
            time.monotonic() - self._keys_at > KEYS_MAX_AGE_SECONDS
            and time.monotonic() - self._asked_at > KEYS_RETRY_SECONDS
            and (self._refreshing is None or self._refreshing.done())
        ):
            self._refreshing = asyncio.create_task(
                self._load(since=time.monotonic()), name="issuer keys"
            )
        if self._keys is None:
            raise IssuerUnavailable
        return self._keys

    async def _looked_for(self, token: str) -> KeySet:
        """The keys, read again unless that was done for the token's key id a moment ago."""
        key_id = str(jws.extract_compact(token.encode()).headers().get("kid"))
        now = time.monotonic()
        while self._unknown and now - next(iter(self._unknown.values())) >= KEY_ID_RETRY_SECONDS:
            del self._unknown[next(iter(self._unknown))]
        first = self._unknown.setdefault(key_id, now)
        await self._load(since=first, pause=KEYS_PAUSE_SECONDS)
        return await self._key_set()

    async def _load(self, *, since: float, pause: float = 0.0) -> None:
        """Fetch the keys unless somebody did `since` that instant, `pause` seconds after the last.

        Keys that were there before stay when it fails.
        """
        async with self._loading:
            if self._asked_at >= since:
                return
            await asyncio.sleep(max(0.0, self._asked_at + pause - time.monotonic()))
            self._asked_at = time.monotonic()
            try:
                found = await discovered(self._http, self._settings)
                keys = _usable(await fetched(self._http, found["jwks_uri"]))
            except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
                log.warning("issuer_unavailable", error=type(error).__name__)
                return
            if self._keys is not None and _ids(keys) != _ids(self._keys):
                self._verified.clear()
            self._keys = keys
            self._keys_at = time.monotonic()


def _usable(published: Any) -> KeySet:
    """The published keys that can check a signature; one of an unknown kind spoils no other.

    Raises:
        ValueError: none of them can.
    """
    keys: list[Key] = []
    for data in published["keys"]:
        if data.get("kty") in KEY_TYPES and data.get("use", "sig") == "sig":
            try:
                keys.append(JWKRegistry.import_key(data))
            except (JoseError, ValueError, LookupError, TypeError):
                log.warning("issuer_key_unusable", kty=data["kty"])
    if not keys:
        raise ValueError("no usable key")
    return KeySet(keys)


def _ids(keys: KeySet) -> set[str]:
    return {key.thumbprint() for key in keys.keys}


def _check_times(claims: dict[str, Any]) -> None:
    """Refuse times that no clock shows, before anything calculates with them.

    A NumericDate (RFC 7519, 2) is a JSON number of seconds since 1970: no text, no truth value, not
    negative, and not so large that it overflows what reckons with it.

    Raises:
        InvalidToken: naming the claim.
    """
    latest = time.time() + LONGEST_LIFE_SECONDS
    for name in TIMES:
        at = claims.get(name, 0)
        possible = isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at <= latest
        if not possible:
            raise InvalidToken(f"its {name} is no possible time")


def _caller(claims: dict[str, Any]) -> Caller:
    subject = claims["sub"]
    usable = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT
    if not usable or not subject.isprintable():  # what cannot be printed cannot be stored either
        raise InvalidToken("its subject is not a text of 1 to 255 printable characters")
    role = _role(claims.get("role"))
    listed = claims.get("sites")
    if not isinstance(listed, list):
        raise InvalidToken("its sites are not a list of ids")
    try:
        sites: Sites = ALL_SITES if listed == ["*"] else frozenset(UUID(site) for site in listed)
    except (ValueError, TypeError, AttributeError):
        raise InvalidToken("its sites are not a list of ids") from None
    topics = claims.get("topics", [])
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise InvalidToken("its topics are not a list of names")
    return Caller(subject, role, sites, frozenset(topics), claims["exp"] + LEEWAY_SECONDS)


def _role(given: Any) -> Role:
    """The one role of a token: a text, or a list of one, as providers send it."""
    roles = given if isinstance(given, list) else [given]
    if len(roles) > 1:
        raise InvalidToken("it carries several roles where one is asked for")
    try:
        return Role(roles[0])
    except (LookupError, ValueError):
        raise InvalidToken("its role is missing or unknown") from None
