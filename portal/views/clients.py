"""A client: found by name, and then a page a matter, each with the person at its head."""

from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from portal.page import NO_SITE, full_name, site_of
from portal.views.referrals import SOURCES
from portal.views.registry import Page, view
from portal.words import local

SHOW = "intake.show_client"
REASONS = (
    *("higher_level_needed", "lower_level_needed", "other_provider_chosen"),
    *("no_longer_interested", "coverage_not_found", "not_eligible", "no_seat_in_time"),
    *("unreachable", "moved_away", "incarcerated", "died", "entered_in_error"),
)
OVERRIDES = (
    *("client_choice", "availability", "payer", "legal", "geography", "waitlist"),
    "clinical_judgement",
)
DECISIONS = (
    *("agrees_with_recommendation", "client_preference", "clinical_judgement"),
    *("needs_unmet_elsewhere", "payer_or_legal"),
)


@view("/clients", "clients.html", "intake.list_clients", "intake.list_clients_by_name")
async def clients(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    listed = page.found
    if listed is None:
        listed = await page.need(
            "intake.list_clients", site_id=site["id"], cursor=page.query("cursor")
        )
    return {"site": site, "sites": await page.sites(), "listed": listed}


async def of_client(page: Page, client_id: str, *more: Any) -> tuple[dict[str, Any], list[Any]]:
    """What every page of a client begins with, and other answers beside it."""
    client, *others = await page.both(page.need(SHOW, client_id=client_id), *more)
    site = (await page.sites()).get(client["site_id"], NO_SITE)
    head = {"client": client, "name": full_name(client, page.words), "site": site}
    return {**head, "zone": site["time_zone"], "names": {client_id: head["name"]}}, others


DECIDE = "outcomes.decide_recommendation"


@view("/clients/{client_id}", "client.html", SHOW, DECIDE)
async def client(page: Page, client_id: str) -> dict[str, Any]:
    about = {"client_id": client_id, "before": page.query("before")}
    head, (happened, messages) = await of_client(
        page,
        client_id,
        page.ask("outcomes.show_timeline", **about),
        page.ask("notifications.list_messages_of_client", **about),
    )
    entries, earlier = together(happened, messages)
    days = groupby(entries, key=lambda one: local(one["at"], head["zone"]).date())
    return {
        **head,
        "happened": happened,
        "messages": messages,
        "days": [(day, list(of_it)) for day, of_it in days],
        "earlier": earlier,
        "before": about["before"],
        "decisions": DECISIONS,
        "decide": DECIDE,
    }


def together(happened: Any, messages: Any) -> tuple[list[dict[str, Any]], str | None]:
    """What happened and what was written, newest first, and before which instant there is more.

    Of each there may be more: only what is not before the latest of these instants is complete.
    """
    ends = [one["before"] for one in (happened, messages) if one and one["before"]]
    cut = max(ends, key=datetime.fromisoformat, default=None)
    entries = list(happened["items"]) if happened else []
    for one in messages["items"] if messages else ():
        what = {"kind": "message", "at": one["happened_at"], "what": one["kind"]}
        entries.append({**one, **what, "value": None, "change": None, "recommendation": None})
    begins = datetime.fromisoformat(cut) if cut else datetime.min.replace(tzinfo=UTC)
    timed = [(datetime.fromisoformat(one["at"]), one) for one in entries]
    timed = sorted((one for one in timed if one[0] >= begins), key=itemgetter(0), reverse=True)
    return [one for _, one in timed], cut


@view(
    "/clients/{client_id}/course",
    "course.html",
    "outcomes.show_course",
    "outcomes.add_goal",
    "outcomes.close_goal",
    "outcomes.record_step_down",
)
async def course(page: Page, client_id: str) -> dict[str, Any]:
    head, (shown, progress) = await of_client(
        page,
        client_id,
        page.need("outcomes.show_course", client_id=client_id),
        page.ask("outcomes.show_progress", client_id=client_id),
    )
    return {**head, "course": shown, "progress": progress, "decisions": DECISIONS[1:]}


@view("/clients/{client_id}/stay", "stay.html", SHOW)
async def stay(page: Page, client_id: str) -> dict[str, Any]:
    head, (hours, authorizations) = await of_client(
        page,
        client_id,
        page.ask("scheduling.show_weekly_hours", client_id=client_id, week=page.query("week")),
        page.whole("intake.list_authorizations", client_id=client_id),
    )
    return {**head, "hours": hours, "authorizations": authorizations}


@view("/clients/{client_id}/risk", "client_risk.html", SHOW, "intake.receive_risk_report")
async def risk(page: Page, client_id: str) -> dict[str, Any]:
    head, (flags, risks) = await of_client(
        page,
        client_id,
        page.whole("intake.list_risk_flags_of_client", client_id=client_id, state="all"),
        page.whole("outcomes.list_risks", client_id=client_id),
    )
    return {**head, "flags": flags, "risks": risks}


@view(
    "/clients/{client_id}/referral",
    "referral.html",
    SHOW,
    "intake.record_contact_attempt",
    "intake.change_referral_state",
    "intake.receive_further_referral",
)
async def referral(page: Page, client_id: str) -> dict[str, Any]:
    head, (listed,) = await of_client(
        page, client_id, page.need("intake.list_referrals_of_client", client_id=client_id)
    )
    latest = listed[-1] if listed else None
    attempts = ()
    if latest:
        attempts = await page.whole("intake.list_contact_attempts", referral_id=latest["id"])
    return {
        **head,
        "referrals": listed,
        "latest": latest,
        "attempts": attempts,
        "sources": SOURCES,
        "reasons": REASONS,
    }


@view(
    "/clients/{client_id}/duplicates",
    "duplicates.html",
    SHOW,
    "intake.merge_clients",
    "intake.undo_merge",
    "intake.record_distinct_clients",
)
async def duplicates(page: Page, client_id: str) -> dict[str, Any]:
    head, (alike, merges) = await of_client(
        page,
        client_id,
        page.ask("intake.list_likely_duplicates", client_id=client_id),
        page.whole("intake.list_merges", client_id=client_id),
    )
    return {**head, "alike": alike, "merges": merges}


@view(
    "/clients/{client_id}/screening",
    "screening.html",
    SHOW,
    "intake.add_questionnaire",
    "intake.add_questionnaire_link",
    "intake.record_questionnaire_withdrawal",
    "intake.complete_questionnaire",
)
async def screening(page: Page, client_id: str) -> dict[str, Any]:
    head, (questionnaires, results) = await of_client(
        page,
        client_id,
        page.whole("intake.list_questionnaires", client_id=client_id),
        page.whole("intake.list_screenings", client_id=client_id),
    )
    return {**head, "questionnaires": questionnaires, "screenings": results}


@view(
    "/questionnaires/{questionnaire_id}",
    "questionnaire.html",
    "intake.show_questionnaire_form",
    "intake.record_answers",
    "intake.complete_questionnaire",
)
async def questionnaire(page: Page, questionnaire_id: str) -> dict[str, Any]:
    form, answers = await page.both(
        page.need("intake.show_questionnaire_form", questionnaire_id=questionnaire_id),
        page.ask("intake.show_answers", questionnaire_id=questionnaire_id),
    )
    saved = {one["instrument"]: one for one in answers["parts"]} if answers else {}
    return {"form": form, "answers": answers, "saved": saved}


@view(
    "/clients/{client_id}/level",
    "level.html",
    SHOW,
    "intake.determine_level_of_care",
    "intake.sign_level_of_care",
    "intake.sign_lower_level_of_care",
    "intake.enrol_client",
)
async def level(page: Page, client_id: str) -> dict[str, Any]:
    head, (determinations, policies) = await of_client(
        page,
        client_id,
        page.whole("intake.list_level_of_care_determinations", client_id=client_id),
        page.ask("intake.list_level_of_care_policies"),
    )
    return {
        **head,
        "determinations": determinations,
        "policies": policies,
        "overrides": OVERRIDES,
    }


@view(
    "/clients/{client_id}/consents",
    "consents.html",
    SHOW,
    "intake.record_consent",
    "intake.record_consent_revocation",
)
async def consents(page: Page, client_id: str) -> dict[str, Any]:
    head, (listed, forms) = await of_client(
        page,
        client_id,
        page.whole("intake.list_consents", client_id=client_id),
        page.ask("intake.list_consent_forms"),
    )
    simple = [
        one
        for one in forms
        if one["form"] in ("treatment", "contact_channels")
        and one["language"] == page.words.language
        and not one["withdrawn_on"]
    ]
    return {**head, "consents": listed, "forms": forms, "simple": simple}


@view(
    "/clients/{client_id}/coverage",
    "coverage.html",
    SHOW,
    "intake.add_coverage",
    "intake.add_authorization",
    "intake.record_self_pay_agreement",
)
async def coverage(page: Page, client_id: str) -> dict[str, Any]:
    head, (coverages, payers) = await of_client(
        page,
        client_id,
        page.whole("intake.list_coverages", client_id=client_id),
        page.ask("intake.list_payers"),
    )
    return {**head, "coverages": coverages, "payers": payers}
