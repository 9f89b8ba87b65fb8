"""The page of a service names the events that its code publishes and reacts to."""

from pathlib import Path
from shutil import copytree

import pytest

from shared.contracts.base import Event
from shared.contracts.intake import ClientEnrolled, EpisodeStateChanged
from shared.contracts.scheduling import SessionMissed, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received
from shared.messaging.handlers import Registry
from shared.settings import SERVICES
from stepwell.contracts import pages

EMPTY = """# billing

<!-- reacts to: written by `stepwell contracts` -->
<!-- end of reacts to -->
<!-- publishes: written by `stepwell contracts` -->
<!-- end of publishes -->

After the tables.
"""


def written(page: str, reacting: pages.Reactions, *published: type[Event]) -> str:
    return pages.up_to_date(page, published, reacting)


def test_the_pages_say_what_the_code_publishes_and_reacts_to() -> None:
    assert pages.outdated() == [], "run `stepwell contracts` and commit what it writes"


@pytest.mark.parametrize("service", SERVICES)
def test_the_page_says_what_follows_from_every_event_that_a_service_reacts_to(
    service: str,
) -> None:
    sentences = pages.sentences_of((pages.FOLDER / f"{service}.md").read_text("utf-8"))
    found = pages.reactions_of(service)
    assert found
    assert [event.__name__ for event in found if not sentences.get(event.__name__)] == []


def test_a_new_reaction_gets_a_row_that_waits_for_its_sentence() -> None:
    page = written(EMPTY, {SiteOpened: ["directory"]})
    assert "| `SiteOpened` | directory |  |" in page
    assert pages.sentences_of(page) == {"SiteOpened": ""}


def test_a_sentence_is_kept_when_another_event_comes_or_a_capability_reacts_too() -> None:
    page = written(EMPTY, {SiteOpened: ["directory"]})
    page = page.replace("| directory |  |", "| directory | the site is known |")
    page = written(page, {SiteOpened: ["directory", "rates"], SessionMissed: ["invoices"]})
    assert "| `SiteOpened` | directory, rates | the site is known |" in page
    assert "| `SessionMissed` | invoices |  |" in page
    assert page == written(page, {SiteOpened: ["directory", "rates"], SessionMissed: ["invoices"]})


def test_the_row_of_an_event_that_nobody_reacts_to_any_more_goes_away() -> None:
    page = written(EMPTY, {SiteOpened: ["directory"], SessionMissed: ["invoices"]})
    assert "SessionMissed" not in written(page, {SiteOpened: ["directory"]})


def test_events_from_which_the_same_follows_share_a_row_and_others_do_not() -> None:
    both: pages.Reactions = {ClientEnrolled: ["stays"], EpisodeStateChanged: ["stays"]}
    page = written(EMPTY, both)
    assert page.count("| stays |") == 2, "what has no sentence yet stands by itself"
    page = written(page.replace("| stays |  |", "| stays | the stay is kept |"), both)
    assert "| `ClientEnrolled`, `EpisodeStateChanged` | stays | the stay is kept |" in page
    assert set(pages.sentences_of(page)) == {"ClientEnrolled", "EpisodeStateChanged"}


def test_what_is_published_stands_by_topic_with_the_first_paragraph_of_the_contract() -> None:
    page = written(EMPTY, {}, SiteOpened, ClientEnrolled)
    assert (
        "On `stepwell.scheduling`:\n\n| event | says |\n|---|---|\n| `SiteOpened` | A site" in page
    )
    assert page.index("SiteOpened") < page.index("On `stepwell.intake`:")
    assert page.endswith("After the tables.\n")


def test_what_a_service_reacts_to_is_read_from_its_handlers() -> None:
    handlers = Consumers()

    @handlers.on(SiteOpened)
    async def opened(tx: Transaction, received: Received[SiteOpened]) -> None: ...

    assert pages.reactions(Registry("billing", [handlers])) == {SiteOpened: ["test_pages"]}


def test_a_page_without_a_place_for_the_tables_is_refused() -> None:
    with pytest.raises(pages.PageWithoutMarkers, match="reacts to"):
        written("# billing\n", {})


def test_only_pages_that_are_out_of_date_are_written(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    copytree(pages.FOLDER, docs)
    page = docs / "intake.md"
    kept = page.read_text("utf-8")
    page.write_text(kept.replace("| `ReferralReceived` |", "| `ReferralForgotten` |"), "utf-8")
    assert pages.write(docs) == [page]
    assert page.read_text("utf-8") == kept
    assert pages.write(docs) == []
