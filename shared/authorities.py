"""Whose certificates calls over HTTPS believe."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The certificate authorities of HTTPS calls; loading them holds a process up for 20 ms."""
    return httpx.create_ssl_context()
