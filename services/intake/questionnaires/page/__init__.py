"""The page on which a client answers: files of this machine only, and a policy that lets nothing
else in."""

from importlib import resources

from fastapi import APIRouter, Response

from shared.access import Open

WHY = "The page itself holds no data of anybody: what it shows needs the secret of a link."
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

router = APIRouter(dependencies=[Open(WHY)], include_in_schema=False)


def _file(name: str, media_type: str) -> Response:
    content = resources.files(__package__).joinpath(name).read_bytes()
    return Response(content, media_type=media_type, headers=HEADERS)


@router.get("/questionnaire")
async def show_page() -> Response:
    """The page. A secret is in the fragment of its address, which browsers send to nobody."""
    return _file("questionnaire.html", "text/html")


@router.get("/questionnaire/page.css")
async def show_style() -> Response:
    return _file("questionnaire.css", "text/css")


@router.get("/questionnaire/page.js")
async def show_script() -> Response:
    return _file("questionnaire.js", "text/javascript")
