"""Whether a call comes from the provider whose name it bears. Pure.

The address is the one that is configured, never the one that arrived: proxies add ports and change
schemes. A form value that is given twice counts twice.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def signature(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """What stands in X-Twilio-Signature of a call to `url` with this form.

    Source: Twilio, Webhooks Security: HMAC-SHA1 of the address and of all names and values in the
    order of the names; a value that is given twice counts once.
    """
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    made = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(made).decode("ascii")


def is_signed(given: str, token: str, url: str, form: Iterable[tuple[str, str]]) -> bool:
    """Whether `given` is that signature, in a time that tells nothing of it."""
    expected = signature(token, url, form)
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
