"""The page that shows the OpenAPI document, from files of this machine only.

Clinics may be offline, and people put access tokens into this page: nothing of it comes from
elsewhere, and the policy it is sent with lets nothing else in.
"""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib import resources

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response

FILES = {
    "/docs/viewer.js": ("swagger-ui-bundle.js", "text/javascript"),
    "/docs/viewer.css": ("swagger-ui.css", "text/css"),
    "/docs/icon.png": ("favicon-32x32.png", "image/png"),
}
PATHS = ("/docs", *FILES)
POLICY = (
    "default-src 'none'; script-src 'self' '{script}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Styles may be inline, as the viewer sets them on its elements; of scripts just the page's own."""
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
PARAMETERS = {"validatorUrl": None, "displayRequestDuration": True, "persistAuthorization": False}
KEPT = {"Cache-Control": "public, max-age=86400"}


def install(app: FastAPI) -> None:
    """Serve the page and its files."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=escape(app.title),
        swagger_js_url="/docs/viewer.js",
        swagger_css_url="/docs/viewer.css",
        swagger_favicon_url="/docs/icon.png",
        swagger_ui_parameters=PARAMETERS,
    )
    script = SCRIPT.search(bytes(page.body).decode())
    assert script is not None
    digest = b64encode(sha256(script[1].encode()).digest()).decode()
    page.headers["Content-Security-Policy"] = POLICY.format(script=f"sha256-{digest}")

    async def show_docs(request: Request) -> Response:
        return page

    async def show_file(request: Request) -> Response:
        name, media_type = FILES[request.url.path]
        content = resources.files("fastapi_swagger").joinpath("resources", name).read_bytes()
        return Response(content, media_type=media_type, headers=KEPT)

    app.add_route("/docs", show_docs, include_in_schema=False)
    for path in FILES:
        app.add_route(path, show_file, include_in_schema=False)
