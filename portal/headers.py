"""Headers of every answer: nothing from elsewhere, nothing framed, nothing kept."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Headers:
    """Wraps the application.

    Forms may lead to the identity provider, to which logging out leads on. What is kept by
    browsers is what is the same for everybody: the files in `/static`, whose addresses change with
    their content.
    """

    def __init__(self, app: ASGIApp, issuer: str, secure: bool) -> None:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'; form-action 'self' {issuer}; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        self._app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept = scope["path"].startswith("/static/")
        cache = b"public, max-age=31536000, immutable" if kept else b"no-store"

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [one for one in message["headers"] if one[0] != b"cache-control"]
                message["headers"] = [*own, *self._headers, (b"cache-control", cache)]
            await send(message)

        await self._app(scope, receive, sent)
