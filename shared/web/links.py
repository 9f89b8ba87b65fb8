"""Links that open one thing for whoever holds them, without a token, and the pages they lead to.

The secret is random over 256 bits and is looked up by its SHA-256, so that neither the database nor
the time an answer takes tells anything of it. It stands in the fragment of an address, which
browsers send to nobody, and comes to us as `Authorization: Link …`.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from functools import partial
from importlib import resources
from pathlib import PurePosixPath

from fastapi import APIRouter, Request, Response

from shared.access.allowed import Open
from shared.errors import Unauthorized

SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""256 bits in base64url."""
WHY = "The page itself holds no data of anybody: what it shows needs the secret of a link."
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


class LinkNotValid(Unauthorized):
    """The secret opens nothing: unknown, used, replaced, too old, or what it opened is over.

    All of them get the same answer, so that a secret tells nothing to who finds it.
    """

    def __init__(self) -> None:
        super().__init__(
            "This link is not valid, or not valid any more.", headers={"WWW-Authenticate": "Link"}
        )


def new_secret() -> str:
    """A secret for a link."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of a secret. No salt is needed, as nobody can try 2^256 of them."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def digest_sent(request: Request, scheme: str = "Link") -> bytes:
    """The digest of the secret that a request carries: `Authorization: Link …`.

    Raises:
        LinkNotValid: it carries none.
    """
    given, _, secret = request.headers.get("authorization", "").partition(" ")
    if given.lower() != scheme.lower() or not SECRET.fullmatch(secret):
        raise LinkNotValid
    return digest(secret)


def pages(package: str, files: Mapping[str, str]) -> APIRouter:
    """Routes to the files of a page, address → name in the package: files of this machine only, and
    a policy that lets nothing else in."""
    router = APIRouter(dependencies=[Open(WHY)], include_in_schema=False)
    for address, name in files.items():
        router.add_api_route(address, partial(_show, package, name), name=name)
    return router


async def _show(package: str, name: str) -> Response:
    content = resources.files(package).joinpath(name).read_bytes()
    return Response(content, media_type=MEDIA_TYPES[PurePosixPath(name).suffix], headers=HEADERS)
