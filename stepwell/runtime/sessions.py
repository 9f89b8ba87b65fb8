"""Who is logged in at the local issuer: codes, sessions, and refresh tokens that are used once.

Held in memory: who logged in before a restart logs in again.
"""

import base64
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field

CODE_SECONDS = 60.0
IDLE_SECONDS = 1800.0
"""How long a session lasts after it was used last, as in `deploy/keycloak/realm.json`."""
MOST_SESSIONS = 1_000
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Refused(Exception):
    """An OAuth error (RFC 6749, 5.2): its code, and why in one sentence."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Person:
    """Whom somebody chose to be."""

    subject: str
    role: str
    sites: tuple[str, ...]


@dataclass
class Session:
    """One log-in of a person, which several pages of a browser may share."""

    person: Person
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    """The claim `sid` of its ID tokens."""
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    """What the browser holds, which nobody else knows."""
    used_at: float = field(default_factory=time.monotonic)


@dataclass
class Grant:
    """What an application was given in a session."""

    session: Session
    client: str
    scope: str
    nonce: str | None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    refresh: str = ""
    """The only refresh token that is good now."""


@dataclass(frozen=True)
class Code:
    """What a code stands for, until it is redeemed."""

    grant: Grant
    redirect_uri: str
    challenge: str
    made_at: float


class Sessions:
    """All sessions of the issuer."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._codes: dict[str, Code] = {}
        self._redeemed: dict[str, Grant] = {}
        self._grants: dict[str, Grant] = {}

    def begin(self, person: Person) -> Session:
        """A new session."""
        for old in [s for s in self._sessions.values() if not self._lives(s)]:
            self.end(old.id)
        while len(self._sessions) >= MOST_SESSIONS:
            self.end(next(iter(self._sessions)))
        session = Session(person)
        self._sessions[session.id] = session
        return session

    def of_cookie(self, cookie: str | None) -> Session | None:
        """The session that a browser is in, unless it has ended."""
        living = filter(self._lives, self._sessions.values())
        return next((session for session in living if session.cookie == cookie), None)

    def end(self, session_id: str | None) -> None:
        """End a session with its codes and its refresh token; what has ended may be ended again."""
        ended = self._sessions.pop(session_id or "", None)
        self._codes = {k: c for k, c in self._codes.items() if c.grant.session is not ended}
        self._redeemed = {k: g for k, g in self._redeemed.items() if g.session is not ended}
        self._grants = {k: g for k, g in self._grants.items() if g.session is not ended}

    def code(self, grant: Grant, *, redirect_uri: str, challenge: str) -> str:
        """A code that is good once, for a minute, and for the holder of the PKCE verifier alone."""
        made = secrets.token_urlsafe(32)
        grant.session.used_at = time.monotonic()
        self._codes[made] = Code(grant, redirect_uri, challenge, time.monotonic())
        return made

    def redeem(self, code: str, *, client: str, redirect_uri: str, verifier: str) -> Grant:
        """What the code stands for; from then on it stands for nothing.

        Raises:
            Refused: it is none, was used or has expired, or something does not match. A code that
                is used twice was stolen from one of the two: its session ends.
        """
        if (used := self._redeemed.get(code)) is not None:
            self.end(used.session.id)
            raise Refused("invalid_grant", "The code was used before, so its session has ended.")
        known = self._codes.pop(code, None)
        if known is None:
            raise Refused("invalid_grant", "The code is none that was given, or its session ended.")
        self._redeemed[code] = known.grant
        if time.monotonic() - known.made_at > CODE_SECONDS:
            raise Refused("invalid_grant", f"The code has expired after {CODE_SECONDS:.0f} s.")
        if known.grant.client != client:
            raise Refused("invalid_grant", "The code was given to another client.")
        if known.redirect_uri != redirect_uri:
            raise Refused("invalid_grant", "The redirect_uri is not the one the code was sent to.")
        if not VERIFIER.fullmatch(verifier) or challenge_of(verifier) != known.challenge:
            raise Refused("invalid_grant", "The code_verifier does not match the code_challenge.")
        self._grants[known.grant.id] = known.grant
        return known.grant

    def refresh_token(self, grant: Grant) -> str:
        """The next refresh token of a grant; the one before is spent."""
        grant.refresh = f"{grant.id}.{secrets.token_urlsafe(24)}"
        grant.session.used_at = time.monotonic()
        return grant.refresh

    def refreshed(self, token: str, *, client: str) -> Grant:
        """The grant that a refresh token is good for.

        Raises:
            Refused: it is none that is good now. One that was used before ends its session, as only
                one of the two who hold it can be the right one.
        """
        grant = self._grants.get(token.partition(".")[0])
        if grant is None or not self._lives(grant.session) or grant.client != client:
            raise Refused("invalid_grant", "The refresh token is none that is good now: log in.")
        if not hmac.compare_digest(token.encode(), grant.refresh.encode()):
            self.end(grant.session.id)
            raise Refused("invalid_grant", "The refresh token was used before: log in again.")
        return grant

    @staticmethod
    def _lives(session: Session) -> bool:
        return time.monotonic() - session.used_at <= IDLE_SECONDS


def challenge_of(verifier: str) -> str:
    """The PKCE challenge of a verifier by S256 (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
