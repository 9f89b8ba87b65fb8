"""The page on which a client answers an offer: files of this machine only, and a policy that lets
nothing else in."""

from importlib import resources

from fastapi import APIRouter, Response

from shared.access import Open

WHY = "The page itself holds no data of anybody: what it shows needs the secret of a link."
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

router = APIRouter(dependencies=[Open(WHY)], include_in_schema=False)


def _file(name: str, media_type: str) -> Response:
    content = resources.files(__package__).joinpath(name).read_bytes()
    return Response(content, media_type=media_type, headers=HEADERS)


@router.get("/seat-offer")
async def show_offer_page() -> Response:
    """The page. A secret is in the fragment of its address, which browsers send to nobody."""
    return _file("offer.html", "text/html")


@router.get("/seat-offer/page.js")
async def show_offer_script() -> Response:
    return _file("offer.js", "text/javascript")
