"""The page on which a client joins a telehealth session: files of this machine only, and a policy
that lets nothing else in. It does so when the client says so, as programs that look through mail
open links, too."""

from importlib import resources

from fastapi import APIRouter, Response

from shared.access import Open

WHY = "The page itself holds no data of anybody: to join needs the secret of a link."
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

router = APIRouter(dependencies=[Open(WHY)], include_in_schema=False)


def _file(name: str, media_type: str) -> Response:
    content = resources.files(__package__).joinpath(name).read_bytes()
    return Response(content, media_type=media_type, headers=HEADERS)


@router.get("/telehealth")
async def show_page() -> Response:
    """The page. A secret is in the fragment of its address, which browsers send to nobody."""
    return _file("join.html", "text/html")


@router.get("/telehealth/page.js")
async def show_script() -> Response:
    return _file("join.js", "text/javascript")
