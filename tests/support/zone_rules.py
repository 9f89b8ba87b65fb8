"""Zone rules of another edition than the package's, for as long as a test lasts."""

import struct
import zoneinfo
from pathlib import Path
from zoneinfo import ZoneInfo

VANCOUVER_UNTIL_2026 = "PST8PDT,M3.2.0,M11.1.0"
"""Vancouver as it changed its clocks until the law of 2026."""


def before_the_change(folder: Path, zone: str, rules: str) -> None:
    """Write a file of zone rules as it stood before a law: nothing but the rule for all years
    (RFC 9636, a TZif file without transitions and with a footer)."""
    body = struct.pack(">6L", 0, 0, 0, 0, 1, 4) + struct.pack(">lBB", 0, 0, 0) + b"LMT\0"
    block = b"TZif2" + bytes(15) + body
    file = folder / zone
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(block + block + f"\n{rules}\n".encode())


def rules_from(*folders: Path) -> None:
    """Let this process read zone rules from files before the package; from the package alone
    without any."""
    zoneinfo.reset_tzpath(folders)
    ZoneInfo.clear_cache()
