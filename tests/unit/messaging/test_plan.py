"""What a consumer does with a batch, decided from positions alone."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.envelope import Envelope
from shared.messaging.plan import plan, waves

STREAM = "intake"


def envelope(key: str, sequence: int | None, type_name: str = "A") -> Envelope:
    return Envelope(
        id=f"{key}-{sequence}",
        source="/stepwell/intake",
        type=type_name,
        stream=STREAM,
        key=key,
        sequence=sequence,
        time=datetime(2026, 3, 2, tzinfo=UTC),
        dataschema=None,
        traceparent=None,
        payload=b"{}",
    )


def numbers(envelopes: list[Envelope]) -> list[int | None]:
    return [e.sequence for e in envelopes]


def test_the_next_event_of_a_client_is_applied():
    decided = plan([envelope("c", 4)], {(STREAM, "c"): 3})
    assert numbers(decided.apply) == [4]


def test_an_event_that_was_applied_is_skipped():
    decided = plan([envelope("c", 3), envelope("c", 4)], {(STREAM, "c"): 3})
    assert (numbers(decided.skip), numbers(decided.apply)) == ([3], [4])


def test_from_a_gap_on_nothing_of_the_client_is_applied_and_the_gap_is_named():
    decided = plan([envelope("c", 1), envelope("c", 4), envelope("c", 5), envelope("d", 1)], {})
    assert numbers(decided.apply) == [1, 1]
    assert numbers(decided.behind) == [4, 5]
    assert decided.gaps == {(STREAM, "c"): (2, 3)}


def test_events_of_a_stopped_client_are_dead_letters_and_other_clients_go_on():
    decided = plan([envelope("c", 2), envelope("d", 1)], {(STREAM, "c"): 1}, {(STREAM, "c")})
    assert (numbers(decided.behind), [e.key for e in decided.apply]) == ([2], ["d"])


def test_derived_events_have_no_sequence_and_are_applied():
    assert len(plan([envelope("c", None), envelope("c", None)], {}).apply) == 2


@given(
    st.lists(st.tuples(st.sampled_from("cde"), st.integers(1, 8)), max_size=40),
    st.dictionaries(st.sampled_from("cde"), st.integers(0, 8)),
    st.sets(st.sampled_from("cde")),
)
def test_whatever_arrives_each_client_advances_one_by_one(
    arrived: list[tuple[str, int]], reached: dict[str, int], stopped: set[str]
):
    positions = {(STREAM, key): sequence for key, sequence in reached.items()}
    batch = [envelope(key, sequence) for key, sequence in arrived]
    decided = plan(batch, positions, {(STREAM, key) for key in stopped})
    together = [*decided.apply, *decided.skip, *decided.behind]
    assert sorted(map(id, together)) == sorted(map(id, batch))
    for key in "cde":
        start = reached.get(key, 0)
        applied = [e.sequence for e in decided.apply if e.key == key]
        assert applied == list(range(start + 1, start + 1 + len(applied)))
        assert not (key in stopped and applied)


@given(st.lists(st.tuples(st.sampled_from("cde"), st.sampled_from("AB")), max_size=30))
def test_groups_of_one_type_keep_the_order_of_every_client(events: list[tuple[str, str]]):
    batch = [envelope(key, n, type_name) for n, (key, type_name) in enumerate(events)]
    groups = waves(batch)
    assert all(len({e.type for e in group}) == 1 for group in groups)
    flat = [e for group in groups for e in group]
    for key in "cde":
        assert [e.sequence for e in flat if e.key == key] == [
            e.sequence for e in batch if e.key == key
        ]
    assert len(flat) == len(batch)


def test_events_of_many_clients_of_one_type_form_one_group():
    batch = [envelope(str(n), 1) for n in range(100)]
    assert len(waves(batch)) == 1
