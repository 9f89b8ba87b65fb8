"""Signed consents for tests, each as the form in force asks for it."""

from typing import Any
from uuid import UUID

from services.intake.consents.policy.forms import forms
from services.intake.consents.policy.law import GIVEN_BY
from tests.support.flow import SITE, Intake, created
from tests.support.system import Client

SIGNED = {
    "signed_by": "client",
    "method": "paper_on_file",
    "signed_on": "2026-02-23",
    "document_id": "scan-000172",
}
FILLED: dict[str, dict[str, Any]] = {
    "treatment_payment_operations": {
        "information": {"kinds": ["entire_record"]},
        "purpose": {"word": "treatment_payment_operations"},
        "recipients": [{"kind": "class", "word": "treating_providers"}],
    },
    "named_recipient": {
        "information": {"kinds": ["attendance"]},
        "purpose": {"word": "coordination_with_family"},
        "recipients": [{"kind": "person", "name": "Relative 01 Example"}],
    },
    "intermediary": {
        "information": {"kinds": ["medications"]},
        "purpose": {"word": "treatment"},
        "intermediary": {"name": "Example Exchange", "members_who_treat": True},
    },
    "counseling_notes": {
        "information": {"kinds": ["counseling_notes"]},
        "purpose": {"word": "treatment"},
        "recipients": [{"kind": "person", "name": "Therapist 01 Example"}],
    },
    "legal_proceedings": {
        "information": {"kinds": ["attendance"]},
        "purpose": {"word": "legal_proceedings", "description": "Custody of a child."},
        "recipients": [{"kind": "organization", "name": "Example County Court"}],
    },
    "treatment": {},
    "contact_channels": {
        "channels": {
            "ways": ["sms", "voice"],
            "uses": ["appointments"],
            "voicemail": "name_and_number",
            "sender_alias": "Northside Scheduling",
            "safe_times": [{"weekday": 1, "starts_at": "09:00", "ends_at": "12:00"}],
        }
    },
}


def signed(form: str = "treatment", /, **changed: Any) -> dict[str, Any]:
    """A consent that nothing is wrong with, and what is changed of it."""
    known = forms()[form, "1.0"]  # type: ignore[index]
    discloses = form not in ("treatment", "contact_channels")
    return {
        "form": form,
        "form_version": "1.0",
        "language": "en",
        "text_digest": known.digest("en"),
        "statements_shown": [
            one.name for one in known.elements if GIVEN_BY[one.name] == "statement"
        ],
        "disclosers": [{"kind": "class", "word": "this_program"}] if discloses else [],
        "expiry": {"kind": "date", "on": "2026-06-30"},
        "signature": SIGNED,
        **FILLED[form],
        **changed,
    }


async def consented(intake: Intake, client: str, form: str = "treatment", /, **changed: Any) -> Any:
    """Let the front desk enter a consent."""
    desk = intake.system.client("intake", "front_desk", [intake.site], subject="front_desk-1")
    return created(await desk.post(f"/clients/{client}/consents", signed(form, **changed)))


def staff(intake: Intake, role: str = "front_desk", site: UUID = SITE) -> Client:
    """A member of staff of a site."""
    return intake.system.client("intake", role, [site], subject=f"{role}-1")


async def told(intake: Intake) -> list[str]:
    """The events about consents, in order."""
    events = [name for _, _, name in await intake.system.published("intake")]
    return [name for name in events if name.startswith("Consent")]


async def payload(intake: Intake, name: str) -> str:
    """The payload of the only event of that name."""
    (row,) = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8') AS text FROM platform.journal WHERE type LIKE $1",
        f"%{name}%",
    )
    text: str = row["text"]
    return text


def court(expiry: dict[str, Any], **terms: Any) -> dict[str, Any]:
    """What a consent for a referral by a court has beside the rest."""
    return {
        "purpose": {"word": "court_referral", "description": "Weekly attendance."},
        "court_referral": terms,
        "expiry": expiry,
    }
