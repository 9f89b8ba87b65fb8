"""Charts as pictures, drawn without a browser and without the network."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import vl_convert

Format = Literal["svg", "png"]
SCALE = 2
"""Pixels of a PNG for each of the chart, for screens that show two where one was."""
MEDIA_TYPES: dict[Format, str] = {"svg": "image/svg+xml", "png": "image/png"}


async def drawn(spec: dict[str, Any], as_: Format) -> bytes:
    """The picture of a spec, made beside the event loop, as it takes tens of milliseconds."""
    make: dict[Format, Callable[[], bytes]] = {
        "svg": lambda: vl_convert.vegalite_to_svg(spec).encode(),
        "png": lambda: vl_convert.vegalite_to_png(spec, scale=SCALE),
    }
    return await asyncio.to_thread(make[as_])
