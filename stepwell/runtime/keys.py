"""The signing key of the local issuer, and the tokens made with it."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from shared.access.tokens import UNREADABLE
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import read_json, write_private

ALGORITHM = "ES256"
AUDIENCE = "stepwell"
ALL_SITES = "*"
ROLES = (
    "front_desk",
    "counselor",
    "clinical_lead",
    "site_manager",
    "regional_operations",
    "auditor",
    "operator",
    "service",
    "subscriber",
    "kiosk",
)


class Issuer:
    """Mints access tokens with the key in a file, which is made when there is none."""

    def __init__(self, url: str, key_file: Path, audience: str = AUDIENCE) -> None:
        self.url = url
        self.audience = audience
        self._key = _key(key_file)

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        return {"keys": [self._key.as_dict(private=False, alg=ALGORITHM, use="sig")]}

    def token(
        self,
        role: str,
        sites: Sequence[str],
        *,
        subject: str | None = None,
        seconds: int = 3600,
        topics: Sequence[str] = (),
    ) -> str:
        """An access token for `role` at `sites` (ids, or `["*"]`), valid for `seconds`.

        `topics` are the streams that a subscriber may read.

        Times in a token are real times: tokens are checked against the machine's clock.
        """
        more = {"jti": str(uuid.uuid4()), **({"topics": list(topics)} if topics else {})}
        subject = subject or local_name(role)
        return self._signed("at+jwt", self.audience, subject, role, sites, seconds, more)

    def id_token(
        self,
        client: str,
        role: str,
        sites: Sequence[str],
        *,
        subject: str,
        seconds: int,
        **more: str,
    ) -> str:
        """An ID token that tells `client` who logged in, with the claims `more`."""
        named = {"azp": client, "preferred_username": subject, "name": subject, **more}
        return self._signed("JWT", client, subject, role, sites, seconds, named)

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token that was signed here, expired or not; none of any other."""
        try:
            return jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        except UNREADABLE:
            return {}

    def _signed(
        self,
        kind: str,
        audience: str,
        subject: str,
        role: str,
        sites: Sequence[str],
        seconds: int,
        more: Mapping[str, Any],
    ) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
            "role": [role],
            "sites": list(sites),
            **more,
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid, "typ": kind}, claims, self._key)


def local_name(role: str) -> str:
    """Who has a role here when nobody says a name."""
    return f"local-{role.replace('_', '-')}"


def _key(path: Path) -> ECKey:
    stored = read_json(path)
    if stored is None and path.exists():
        raise Problem(f"The signing key {path} is unreadable: delete it and start again.")
    if stored is not None:
        return ECKey.import_key(stored)
    key = ECKey.generate_key("P-256", {"alg": ALGORITHM, "use": "sig"}, auto_kid=True)
    write_private(path, json.dumps(key.as_dict(private=True)))
    return key
