"""What a consent lacks to be one: an expired, deficient or false consent allows nothing
(42 CFR 2.31(c))."""

from collections.abc import Collection

from services.intake.consents.policy.forms import Element, Form
from services.intake.consents.policy.law import GIVEN_BY, ElementName

POINTERS: dict[ElementName, str] = {
    "discloser": "/disclosers",
    "information": "/information",
    "recipient": "/recipients",
    "intermediary": "/intermediary",
    "purpose": "/purpose",
    "expiry": "/expiry",
    "signature": "/signature",
    "date_signed": "/signature/signed_on",
    "channels": "/channels",
}
"""Where in a request each element is that somebody fills in."""
STATEMENTS = "/statements_shown"


def first_missing(
    form: Form, filled: Collection[str], shown: Collection[str]
) -> tuple[Element, str] | None:
    """The first element of the form that was neither filled in nor shown, with its pointer."""
    for element in form.elements:
        given = GIVEN_BY[element.name]
        if given == "entry" and element.name not in filled:
            return element, POINTERS[element.name]
        if given == "statement" and element.name not in shown:
            return element, STATEMENTS
    return None


def first_foreign(form: Form, filled: Collection[ElementName]) -> tuple[ElementName, str] | None:
    """The first thing filled in that belongs to another form, with its pointer: what the law keeps
    apart is not combined (42 CFR 2.31(b) and (d))."""
    own = {element.name for element in form.elements}
    return next(
        ((name, POINTERS[name]) for name in POINTERS if name in filled and name not in own), None
    )
