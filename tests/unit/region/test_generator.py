"""The generated region: stable for a seed, true to its rates, and with its promised parts."""

from statistics import mean, pstdev

import pytest

from stepwell.region.answers import AT_INTAKE, SAFETY_ITEM, total_of
from stepwell.region.generate import OF_OTHERS, generate
from stepwell.region.plan import ABSENT, Fault, Need, Part, Region, RegionSize
from stepwell.region.rates import base_rates

FORMS = {form.instrument: form for form in AT_INTAKE}


FORMS = {form.instrument: form for form in AT_INTAKE}


@pytest.fixture(scope="module")
def small() -> Region:
    return generate(RegionSize())


@pytest.fixture(scope="module")
def large() -> Region:
    return generate(RegionSize(sites=6, clients=700, weeks=8, faults=0.1, seed=3))


def test_the_same_size_and_seed_give_the_same_region(small: Region) -> None:
    assert generate(RegionSize()) == small


def test_another_seed_or_run_gives_other_clients_at_the_same_sites(small: Region) -> None:
    for other in (generate(RegionSize(seed=2)), generate(RegionSize(), run=2)):
        assert other.sites == small.sites
        assert [c.intake for c in other.clients] != [c.intake for c in small.clients]


def test_a_larger_region_begins_with_the_clients_of_the_smaller_one(small: Region) -> None:
    larger = generate(RegionSize(clients=40))
    assert larger.clients[:12] == small.clients


@pytest.mark.parametrize("seed", range(20))
def test_every_seed_keeps_the_promised_parts(seed: int) -> None:
    region = generate(RegionSize(seed=seed))
    (stepping_down,) = region.playing(Part.STEPS_DOWN)
    missed = [s for s in stepping_down.sessions if s.status in ABSENT]
    assert [s.status for s in missed] == ["no_show"]
    totals = [
        sum(a for a in measured.answers if a is not None)
        for week in (stepping_down.intake, *stepping_down.follow_ups)
        for measured in week
        if measured.instrument == "phq-9"
    ]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < 10
    assert stepping_down.need is Need.INTENSIVE_OUTPATIENT
    assert not stepping_down.dual_diagnosis
    (dual,) = region.playing(Part.DUAL_DIAGNOSIS)
    assert dual.dual_diagnosis
    totals = {
        measured.instrument: total_of(FORMS[measured.instrument], measured.answers)
        for measured in dual.intake
    }
    assert totals["phq-9"] >= 10, "a positive screen for depression"
    assert totals["dast-10"] >= 3, "and one for drugs"
    assert any(c.site == dual.site and c.trained for c in region.cohorts)
    (more,) = region.playing(Part.NEEDS_MORE)
    assert more.need is Need.MORE_INTENSIVE
    assert more.sessions == ()


def test_the_client_who_steps_down_never_answers_the_safety_item(small: Region) -> None:
    (stepping_down,) = small.playing(Part.STEPS_DOWN)
    for week in (stepping_down.intake, *stepping_down.follow_ups):
        for measured in week:
            if measured.instrument == "phq-9":
                assert measured.answers[SAFETY_ITEM] == 0


def test_answers_are_possible_answers_to_every_item_of_the_instrument(large: Region) -> None:
    for client in large.clients:
        assert [m.instrument for m in client.intake] == list(FORMS)
        for measured in (*client.intake, *(m for week in client.follow_ups for m in week)):
            form = FORMS[measured.instrument]
            assert len(measured.answers) == form.items
            assert all(a is None or 0 <= a <= form.highest for a in measured.answers)


def test_totals_follow_the_baselines(large: Region) -> None:
    for form in AT_INTAKE:
        totals = [
            total_of(form, m.answers)
            for client in large.clients
            for m in client.intake
            if m.instrument == form.instrument
        ]
        baseline = base_rates().baseline(form.instrument)
        assert mean(totals) == pytest.approx(baseline.mean, abs=0.15 * baseline.sd)
        assert pstdev(totals) == pytest.approx(baseline.sd, rel=0.15)


def test_a_severe_client_scores_high_on_several_instruments(large: Region) -> None:
    pairs = [
        tuple(total_of(FORMS[m.instrument], m.answers) for m in c.intake[:2]) for c in large.clients
    ]
    depressed, anxious = zip(*pairs, strict=True)
    center = mean(depressed), mean(anxious)
    covariance = mean((d - center[0]) * (a - center[1]) for d, a in pairs)
    assert 0.55 < covariance / (pstdev(depressed) * pstdev(anxious)) < 0.8


def test_a_quarter_of_the_measures_that_are_due_is_not_taken() -> None:
    region = generate(RegionSize(clients=600, weeks=1, seed=8))
    enrolled = [c for c in region.clients if c.need is Need.INTENSIVE_OUTPATIENT]
    stayed = [c for c in enrolled if c.part is Part.ANYBODY and c.follow_ups[0] is not None]
    taken = sum(len(c.follow_ups[0]) for c in stayed if c.sessions[-1].status != "no_show")
    due = 2 * sum(c.sessions[-1].status != "no_show" for c in stayed)
    assert taken / due == pytest.approx(0.75, abs=0.06)


def test_a_curriculum_week_makes_level_2_1_without_its_breaks(small: Region) -> None:
    credited = sum(slot["minutes"] - slot["break_minutes"] for slot in small.slots)
    assert 9 * 60 <= credited < 20 * 60


def test_every_kind_of_fault_is_about_a_client_whom_it_fits(small: Region) -> None:
    enrolled = {c.number for c in small.clients if c.need is Need.INTENSIVE_OUTPATIENT}
    assert {fault.kind for fault in small.faults} == set(Fault)
    for fault in small.faults:
        assert (fault.client in enrolled) is (fault.kind not in OF_OTHERS)
    assert generate(RegionSize(faults=0)).faults == ()
    assert len(generate(RegionSize(clients=100, faults=0.5)).faults) == 50


def test_there_are_seats_for_everybody_and_no_cohort_is_too_large(large: Region) -> None:
    for site in large.sites:
        here = [c for c in large.clients if c.site == site.number and c.sessions]
        cohorts = [c for c in large.cohorts if c.site == site.number]
        assert all(c.capacity <= 12 for c in cohorts)
        trained = sum(c.capacity for c in cohorts if c.trained)
        assert trained >= sum(c.dual_diagnosis for c in here)
        assert sum(c.capacity for c in cohorts) - trained >= sum(not c.dual_diagnosis for c in here)


def test_nobody_can_be_mistaken_for_a_person(large: Region) -> None:
    for client in large.clients:
        assert client.given_name.startswith("Client ")
        assert client.family_name in ("Example", None)
        assert client.email is None or client.email.endswith("@example.test")
        assert client.phone is not None
        assert client.phone.startswith("+120255501")


def test_some_clients_have_one_name_only(large: Region) -> None:
    having = [client.family_name is None for client in large.clients]
    assert 0 < sum(having) < len(having) / 5


def test_a_region_without_room_for_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="3 clients"):
        generate(RegionSize(clients=2))
