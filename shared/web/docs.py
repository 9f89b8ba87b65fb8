"""The page that shows the OpenAPI document, from files of this machine only.

Clinics may be offline, and people put access tokens into this page: nothing of it comes from
elsewhere, and the policy it is sent with lets nothing else in.
"""

from html import escape
from importlib import resources

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Styles may be inline, as the viewer sets them on its elements; scripts may not."""
FILES = {
    "/docs/viewer.js": ("swagger-ui-bundle.js", "text/javascript"),
    "/docs/viewer.css": ("swagger-ui.css", "text/css"),
    "/docs/icon.png": ("favicon-32x32.png", "image/png"),
}
PATHS = ("/docs", "/docs/start.js", *FILES)
START = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  persistAuthorization: false,
});
"""
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/docs/viewer.css">
<link rel="icon" href="/docs/icon.png">
</head>
<body>
<div id="viewer"></div>
<script src="/docs/viewer.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
KEPT = {"Cache-Control": "public, max-age=86400"}


def install(app: FastAPI) -> None:
    """Serve the page and its files."""
    page = PAGE.format(title=escape(app.title))

    async def show_docs(request: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

    async def show_start(request: Request) -> Response:
        return Response(START, media_type="text/javascript", headers=KEPT)

    async def show_file(request: Request) -> Response:
        name, media_type = FILES[request.url.path]
        content = resources.files("fastapi_swagger").joinpath("resources", name).read_bytes()
        return Response(content, media_type=media_type, headers=KEPT)

    app.add_route("/docs", show_docs, include_in_schema=False)
    app.add_route("/docs/start.js", show_start, include_in_schema=False)
    for path in FILES:
        app.add_route(path, show_file, include_in_schema=False)
