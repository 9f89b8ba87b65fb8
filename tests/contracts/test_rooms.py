"""Every capability of a service has the same rooms, so that any file is found by guess."""

from importlib import import_module
from pathlib import Path

import pytest

from shared.settings import SERVICES as SERVICES_NAMED
from stepwell.runtime.state import PROJECT

SERVICES = PROJECT / "services"
ROOMS = {
    "__init__",
    "routes",
    "schemas",
    "commands",
    "queries",
    "rules",
    "consumers",
    "jobs",
    "policy",
    "checks",
    "refusals",
    "values",
    "metrics",
}
"""CONTRIBUTING says what stands in each. Rules and policy are a folder where a file outgrew."""
FOLDERS = {"rules", "policy", "data"}
COMMANDS = "commands of one topic, as one file would hold too many"
READS = "reads of one topic, as one file would hold too many"
SHAPES = "the shapes of those routes alone"
EXCEPTIONS = {
    "intake/access_times/running.py": READS,
    "intake/authorizations/alarms.py": COMMANDS,
    "intake/authorizations/attendance.py": COMMANDS,
    "intake/authorizations/certifications.py": COMMANDS,
    "intake/authorizations/coverage_ends.py": COMMANDS,
    "intake/authorizations/settlement.py": COMMANDS,
    "intake/consents/answers.py": "the shapes of answers; `schemas` has those of requests",
    "intake/consents/expiry.py": COMMANDS,
    "intake/coverage/agreements.py": COMMANDS,
    "intake/dual_diagnosis/standing.py": "what records of one person come to together",
    "intake/enrolment/endings.py": COMMANDS,
    "intake/level_of_care/__main__.py": "checks a policy file for an operator's command",
    "intake/level_of_care/replays.py": READS,
    "intake/level_of_care/signing.py": COMMANDS,
    "intake/matching/keys.py": "what two people are found by; rules compare them",
    "intake/matching/names.py": "names as they are compared",
    "intake/questionnaires/due.py": COMMANDS,
    "intake/questionnaires/expiry.py": COMMANDS,
    "intake/questionnaires/forms.py": READS,
    "intake/questionnaires/links.py": COMMANDS,
    "intake/questionnaires/own_routes.py": "routes of clients, who have no token",
    "intake/questionnaires/own_schemas.py": SHAPES,
    "intake/questionnaires/page/": "the page for browsers",
    "intake/questionnaires/site_wordings.py": COMMANDS,
    "intake/questionnaires/wording_routes.py": "routes of wordings, beside those of questionnaires",
    "intake/questionnaires/wording_schemas.py": SHAPES,
    "intake/referrals/details.py": "the shapes of what each kind of referrer tells",
    "intake/referrals/identity.py": COMMANDS,
    "intake/referrals/receiving.py": COMMANDS,
    "intake/risk/report_schemas.py": SHAPES,
    "intake/risk/reporting.py": COMMANDS,
    "intake/screening/results.py": "a result in its three shapes: kept, shown, told",
    "intake/self_check/answering.py": "from answers to words: nothing is read or kept",
    "intake/self_check/page/": "the page for browsers",
    "notifications/delivery/recipients.py": READS,
    "notifications/delivery/channels/": "one file a channel",
    "notifications/delivery/due.py": "what the queue asks of a message of any kind",
    "notifications/delivery/handovers.py": COMMANDS,
    "notifications/delivery/messages.py": "what messages to clients answer to that",
    "notifications/delivery/queue.py": "how messages of every kind are sent",
    "notifications/delivery/reports.py": COMMANDS,
    "notifications/delivery/results.py": COMMANDS,
    "notifications/delivery/sending.py": COMMANDS,
    "notifications/delivery/batched.py": "calls of hands that wait, made as one",
    "notifications/delivery/vocabulary.py": "the words of the capability",
    "notifications/escalations/alerts.py": "what alerts to staff answer to the queue",
    "outcomes/board/figures.py": "what each figure counts, for the board and the list behind it",
    "outcomes/board/live.py": "who follows the board in this process",
    "outcomes/charts/rendering.py": "charts as pictures",
    "outcomes/charts/spec.py": "a course as a chart, for whoever draws it",
    "outcomes/engagement/app.py": "what Faust does otherwise here",
    "outcomes/engagement/health.py": "what its worker answers to whoever asks how it is",
    "notifications/escalations/tasks.py": COMMANDS,
    "notifications/links/making.py": "what another service is asked for",
    "notifications/planning/previews.py": READS,
    "notifications/rulebook/kinds.py": "words that rules and messages share",
    "notifications/rulebook/sources.py": "the events that rules may name",
    "notifications/texts/layout.html": "the page around a text in mail",
    "notifications/texts/rendering.py": "how a text is filled in",
    "notifications/webhooks/bounces.py": "what a mail server says of mail that came back",
    "notifications/webhooks/calls.py": "who calls, by a signature in place of a token",
    "outcomes/engagement/stream.py": "the Faust app",
    "outcomes/engagement/table.py": "its table",
    "outcomes/engagement/wire.py": "what it reads and writes as records",
    "outcomes/extracts/files.py": "the files of an extract as they grow",
    "outcomes/extracts/loading.py": READS,
    "outcomes/extracts/making.py": COMMANDS,
    "outcomes/extracts/tables.py": "the tables of an extract and their dictionary",
    "outcomes/follow_up/page/": "the page for browsers",
    "outcomes/programs/loading.py": READS,
    "outcomes/risk/missed.py": COMMANDS,
    "outcomes/risk/reporting.py": COMMANDS,
    "outcomes/step_down/evaluation.py": READS,
    "outcomes/step_down/goals.py": COMMANDS,
    "outcomes/step_down/__main__.py": "checks a policy file for an operator's command",
    "outcomes/step_down/keeping.py": COMMANDS,
    "outcomes/step_down/replay_routes.py": "comparing policies, beside what they recommend",
    "outcomes/step_down/replay_schemas.py": SHAPES,
    "outcomes/step_down/replays.py": "comparing policies over the past",
    "scheduling/attendance/check_in_routes.py": "coming and going, beside what becomes of it",
    "scheduling/attendance/check_ins.py": COMMANDS,
    "scheduling/attendance/page/": "the page for browsers",
    "scheduling/directory/staff.py": COMMANDS,
    "scheduling/placement/chart.py": "who needs a seat, and the seats while they are given",
    "scheduling/placement/offers.py": COMMANDS,
    "scheduling/placement/page/": "the page for browsers",
    "scheduling/placement/placements.py": COMMANDS,
    "scheduling/placement/seats.py": COMMANDS,
    "scheduling/plans/loading.py": READS,
    "scheduling/sessions/cancelling.py": COMMANDS,
    "scheduling/sessions/changing.py": COMMANDS,
}
"""Everything else, and why; who adds one says so here."""


def is_compiled(entry: Path) -> bool:
    """Whether this is what Python compiled, or all that is left of a folder that was moved."""
    return all(
        "__pycache__" in file.parts for file in (entry.rglob("*") if entry.is_dir() else [entry])
    )


def strangers() -> set[str]:
    """Files and folders of capabilities that are none of the rooms."""
    found = set()
    for capability in SERVICES.glob("*/*/"):
        if capability.name in ("migrations", "__pycache__"):
            continue
        for entry in capability.iterdir():
            known = entry.stem in ROOMS if entry.is_file() else entry.name in FOLDERS
            if not known and not is_compiled(entry):
                place = entry.relative_to(SERVICES).as_posix()
                found.add(place if entry.is_file() else f"{place}/")
    return found


def test_a_file_that_is_none_of_the_rooms_has_a_reason() -> None:
    assert strangers() == set(EXCEPTIONS)


@pytest.mark.parametrize("name", SERVICES_NAMED)
def test_a_service_names_every_capability_that_declares_something(name: str) -> None:
    declaring = {
        file.relative_to(SERVICES / name).parts[0]
        for room in ("*routes.py", "consumers.py", "jobs.py", "page/__init__.py")
        for file in (SERVICES / name).glob(f"*/{room}")
    }
    service = import_module(f"services.{name}.service")
    assert set(service.capabilities.names) == declaring


def test_what_outcomes_publishes_changes_the_board_with_its_commit() -> None:
    publishing = [
        path.relative_to(SERVICES).as_posix()
        for path in sorted((SERVICES / "outcomes").rglob("*.py"))
        if " import publish" in path.read_text("utf-8")
    ]
    assert publishing == ["outcomes/board/commands.py"], "Call services.outcomes.board's tell."


def test_jobs_stand_in_jobs_and_data_are_declared_by_a_policy() -> None:
    for path in sorted(SERVICES.glob("*/*/**/*.py")):
        text = path.read_text("utf-8")
        room = path.relative_to(SERVICES).parts[2].removesuffix(".py")
        assert room == "jobs" or " = Job(" not in text, path
        declares = "= data_file(" in text or "= data_folder(" in text
        assert not declares or room == "policy", path


@pytest.mark.parametrize("path", sorted(SERVICES.glob("*/*/**/*.yaml")), ids=lambda p: p.name)
def test_a_data_file_lies_in_the_data_folder(path: Path) -> None:
    assert path.relative_to(SERVICES).parts[2] == "data"
