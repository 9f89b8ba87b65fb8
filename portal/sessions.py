"""Who is logged in, encrypted: the store alone tells nothing, nor does the browser's cookie.

The cookie holds a random secret. From it follow the name under which a session is kept and the key
that it is encrypted with, so that tokens stand nowhere in the clear: the store holds no key, and
the browser no token. Held in memory, as the identity provider knows who is logged in: after a
restart a browser comes back without a question.
"""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

IDLE_SECONDS = 1800.0
"""As at the identity provider (`deploy/keycloak/realm.json`)."""
LONGEST_SECONDS = 12 * 3600.0
MOST = 10_000


@dataclass
class Kept:
    """An encrypted session, and when it was begun and used."""

    sealed: str
    begun_at: float
    used_at: float
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one who has the tokens renewed: a refresh token is good once."""


class Sessions:
    """All sessions of this process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._kept: dict[bytes, Kept] = {}
        self._now = now

    def begin(self, content: dict[str, Any]) -> str:
        """A new session; the secret that the browser is to hold."""
        now = self._now()
        for name in [name for name, kept in self._kept.items() if self._over(kept, now)]:
            del self._kept[name]
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        secret = secrets.token_urlsafe(32)
        self._kept[_name(secret)] = Kept(_sealed(secret, content), now, now)
        return secret

    def read(self, secret: str, *, use: bool = True) -> dict[str, Any] | None:
        """What is kept under a secret; None when there is nothing, or no longer. A stream reads
        without using: a page that lies open keeps nobody logged in."""
        now = self._now()
        kept = self._kept.get(_name(secret))
        if kept is None or self._over(kept, now):
            return None
        if use:
            kept.used_at = now
        return _opened(secret, kept.sealed)

    def change(self, secret: str, **changes: Any) -> dict[str, Any]:
        """Change parts of a session and leave the others as they are now.

        Raises:
            KeyError: it has ended meanwhile.
        """
        kept = self._kept[_name(secret)]
        content = {**(_opened(secret, kept.sealed) or {}), **changes}
        kept.sealed = _sealed(secret, content)
        return content

    def refreshing(self, secret: str) -> asyncio.Lock:
        """Whoever has the tokens of a session renewed holds this. Raises KeyError as `change`."""
        return self._kept[_name(secret)].refreshing

    def end(self, secret: str) -> None:
        """Forget a session; what has ended may be ended again."""
        self._kept.pop(_name(secret), None)

    @staticmethod
    def _over(kept: Kept, now: float) -> bool:
        return now - kept.used_at > IDLE_SECONDS or now - kept.begun_at > LONGEST_SECONDS


def _name(secret: str) -> bytes:
    return hashlib.sha256(b"name of " + secret.encode()).digest()


def _key(secret: str) -> OctKey:
    return OctKey.import_key(hashlib.sha256(b"key of " + secret.encode()).digest())


def _sealed(secret: str, content: dict[str, Any]) -> str:
    plain = json.dumps(content).encode()
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, plain, _key(secret))


def _opened(secret: str, sealed: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(
            jwe.decrypt_compact(sealed, _key(secret)).plaintext or ""
        )
    except (JoseError, ValueError):
        return None
    return found
