"""What 42 CFR Part 2, as amended on 16 February 2024 (89 FR 12472), asks of a written consent.

The table holds the paragraphs of 2.31; a form that misses one of them is no consent (2.31(c)).
"""

from collections.abc import Collection
from typing import Literal

ElementName = Literal[
    "client_name",
    "discloser",
    "information",
    "recipient",
    "intermediary",
    "redisclosure_under_hipaa",
    "purpose",
    "right_to_revoke",
    "expiry",
    "signature",
    "date_signed",
    "redisclosure",
    "consequences",
    "fundraising",
    "agreement",
    "channels",
]
Given = Literal["record", "entry", "statement"]

GIVEN_BY: dict[ElementName, Given] = {
    "client_name": "record",
    "discloser": "entry",
    "information": "entry",
    "recipient": "entry",
    "intermediary": "entry",
    "redisclosure_under_hipaa": "statement",
    "purpose": "entry",
    "right_to_revoke": "statement",
    "expiry": "entry",
    "signature": "entry",
    "date_signed": "entry",
    "redisclosure": "statement",
    "consequences": "statement",
    "fundraising": "statement",
    "agreement": "statement",
    "channels": "entry",
}
"""By the client's record, by what is filled in, or by a text that is shown."""

Requirement = tuple[ElementName, str]
"""An element and the paragraph that asks for it."""

EVERY_DISCLOSURE: tuple[Requirement, ...] = (
    ("client_name", "42 CFR 2.31(a)(1)"),
    ("discloser", "42 CFR 2.31(a)(2)"),
    ("information", "42 CFR 2.31(a)(3)"),
    ("purpose", "42 CFR 2.31(a)(5)"),
    ("right_to_revoke", "42 CFR 2.31(a)(6)"),
    ("expiry", "42 CFR 2.31(a)(7)"),
    ("signature", "42 CFR 2.31(a)(8)"),
    ("date_signed", "42 CFR 2.31(a)(9)"),
)
RECIPIENT: Requirement = ("recipient", "42 CFR 2.31(a)(4)(i)")
INTERMEDIARY: Requirement = ("intermediary", "42 CFR 2.31(a)(4)(ii)")
FOR_TPO: tuple[Requirement, ...] = (
    ("redisclosure_under_hipaa", "42 CFR 2.31(a)(4)(iii)"),
    ("redisclosure", "42 CFR 2.31(a)(10)(i)"),
    ("consequences", "42 CFR 2.31(a)(10)(ii)"),
)
FOR_OPERATIONS: Requirement = ("fundraising", "42 CFR 2.31(a)(5)(iii)")
"""Fundraising is a health care operation (45 CFR 164.501)."""
NO_DISCLOSURE: tuple[Requirement, ...] = (
    ("client_name", "good practice, after 42 CFR 2.31(a)(1)"),
    ("right_to_revoke", "good practice, after 42 CFR 2.31(a)(6)"),
    ("expiry", "good practice, after 42 CFR 2.31(a)(7)"),
    ("signature", "good practice, after 42 CFR 2.31(a)(8)"),
    ("date_signed", "good practice, after 42 CFR 2.31(a)(9)"),
)
OTHERS: dict[str, tuple[Requirement, ...]] = {
    "treatment": (*NO_DISCLOSURE, ("agreement", "informed consent by state law")),
    "contact_channels": (*NO_DISCLOSURE, ("channels", "47 CFR 64.1200(a)(1)")),
}
"""Forms that allow no disclosure."""

OPERATIONS = frozenset(("treatment_payment_operations", "health_care_operations"))
TPO = frozenset(("treatment", "payment")) | OPERATIONS
SEPARATE_INFORMATION = "counseling_notes"
SEPARATE_PURPOSE = "legal_proceedings"
"""Each has the form of the same name, and that form is for nothing else."""


def needed(form: str, purposes: Collection[str]) -> tuple[Requirement, ...]:
    """The elements that a form for these purposes must have, each with its paragraph."""
    if form in OTHERS:
        return OTHERS[form]
    found = [*EVERY_DISCLOSURE, INTERMEDIARY if form == "intermediary" else RECIPIENT]
    if not TPO.isdisjoint(purposes):
        found += FOR_TPO
    if not OPERATIONS.isdisjoint(purposes):
        found.append(FOR_OPERATIONS)
    return tuple(found)


def what_is_missing(
    form: str, elements: Collection[str], purposes: Collection[str]
) -> Requirement | None:
    """The first element that a form should have and has not."""
    return next((one for one in needed(form, purposes) if one[0] not in elements), None)


def separate(form: str, information: Collection[str], purposes: Collection[str]) -> str | None:
    """Why a form combines what the law keeps apart, if it does (42 CFR 2.31(b) and (d))."""
    if (form == SEPARATE_INFORMATION) != (SEPARATE_INFORMATION in information) or (
        form == SEPARATE_INFORMATION and len(information) > 1
    ):
        return "SUD counseling notes have a form of their own, for nothing else (42 CFR 2.31(b))."
    if (form == SEPARATE_PURPOSE) != (SEPARATE_PURPOSE in purposes) or (
        form == SEPARATE_PURPOSE and len(purposes) > 1
    ):
        return "Legal proceedings have a form of their own, for nothing else (42 CFR 2.31(d))."
    return None
