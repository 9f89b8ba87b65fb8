"""What a number of sites asks for follows from measured rates."""

import pytest

from stepwell.kubernetes.sizing import Size, table
from stepwell.runtime.state import PROJECT


def test_a_site_has_a_request_every_three_seconds_in_its_busiest_minute() -> None:
    assert Size(1).requests == pytest.approx(60 * 90 / 300 / 60)
    assert Size(1).events == pytest.approx(60 * 40 / 300 / 60)


@pytest.mark.parametrize(("sites", "processes"), [(1, 1), (40, 1), (400, 1), (834, 2), (4_000, 5)])
def test_a_process_is_half_busy_at_most(sites: int, processes: int) -> None:
    assert Size(sites).api_processes == processes
    assert Size(sites).requests / processes <= 250


def test_disks_hold_eight_weeks_on_each_broker_and_a_year_in_the_databases() -> None:
    assert Size(4_000).broker_gigabytes == pytest.approx(240_000 * 40 * 8 * 1e3 / 1e9)
    assert Size(4_000).database_gigabytes_a_year == pytest.approx(240_000 * 40 * 52 * 3.5e3 / 1e9)


def test_the_page_shows_what_is_computed() -> None:
    page = (PROJECT / "docs" / "operations" / "sizing.md").read_text("utf-8")
    assert table(1, 40, 400, 4_000) in page
