"""How answers of the services are put in words: dates of the site, scores, reasons."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

TITLES = {"phq-9": "PHQ-9", "gad-7": "GAD-7", "audit-c": "AUDIT-C", "dast-10": "DAST-10"}
MISSES = {
    "no_show": "did not come",
    "late_cancel": "cancelled late",
    "excused_absence": "was excused",
}


def spaced(code: str) -> str:
    """A code as words."""
    return code.replace("_", " ")


def local(instant: str, site: dict[str, Any]) -> datetime:
    """An instant on the wall clock of a site."""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(site["time_zone"]))


def day(instant: str, site: dict[str, Any]) -> str:
    """The site's day of an instant, such as `Mon 2 Mar`."""
    at = local(instant, site)
    return f"{at:%a} {at.day:>2} {at:%b}"


def full_date(iso: str) -> str:
    """A date with its year."""
    found = date.fromisoformat(iso)
    return f"{found.day} {found:%B %Y}"


def scores(screening: dict[str, Any]) -> str:
    """The results of a screening."""
    order = list(TITLES)
    known = [one for one in screening["results"] if one["instrument"] in TITLES]
    return ", ".join(
        f"{TITLES[one['instrument']]} "
        + ("without a total" if one["total"] is None else str(one["total"]))
        + (f" ({spaced(one['band'])})" if one["band"] else "")
        + (", prorated" if one["status"] == "prorated" else "")
        for one in sorted(known, key=lambda one: order.index(one["instrument"]))
    )


def referred(source: str) -> str:
    """Where a client came from."""
    special = {
        "self": "came on their own account",
        "court": "was referred by a court",
        "other": "was referred",
        "residential": "was referred by a residential program",
        "inpatient": "was referred by a hospital",
        "withdrawal_management": "was referred by a withdrawal management unit",
        "employer": "was referred by an employer",
        "family": "was brought by the family",
    }
    return special.get(source, f"was referred by a {source}")
