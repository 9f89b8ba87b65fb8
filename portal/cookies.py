"""How the cookie of a session is named."""

from urllib.parse import urlsplit

from portal.settings import Settings


def cookie_name(settings: Settings) -> str:
    """The name of the session's cookie: bound to this very host where it is encrypted, else with
    the port in it, as cookies do not tell ports of one machine apart."""
    if settings.secure:
        return "__Host-stepwell"
    return f"stepwell-{urlsplit(settings.origin).port or 80}"
