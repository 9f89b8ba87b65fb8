"""Our curves equal those of R's `survival`, on cohorts drawn with all that makes them differ."""

import csv
import math
import random
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from services.outcomes.programs.rules.survival import Span, curves, median
from tests.support.debian import refusal_of

pytestmark = pytest.mark.slow

PACKAGES = ("r-base-core", "r-cran-survival")
SCRIPT = Path(__file__).with_name("survival.R")
COHORTS = 200
SAME = 1e-9


def drawn(chance: random.Random) -> list[Span]:
    """Stays with ties, late entries, some of one day, and ends of several kinds or none."""
    kinds = [None, "completed", "lost", "stepped_down"][: chance.randint(2, 4)]
    longest = chance.choice([4, 12, 60, 200])
    spans = []
    for _ in range(chance.choice([1, 2, 6, 8, 14, 18, 40, 150])):
        entry = chance.choice([0, 0, 0, chance.randint(1, longest)])
        exit_ = entry + chance.randint(0 if entry == 0 else 1, longest)
        spans.append(Span(entry, exit_, chance.choice(kinds)))
    return spans


def rscript() -> str:
    """The interpreter with its package, which are installed where they are not; where that cannot
    be, the test is skipped and says why."""
    if shutil.which("Rscript") is None and (reason := refusal_of(PACKAGES)) is not None:
        pytest.skip(reason)
    return str(shutil.which("Rscript"))


def test_curves_medians_limits_and_competing_ends_equal_those_of_r(tmp_path: Path) -> None:
    program, chance = rscript(), random.Random(20261129)
    cohorts = [drawn(chance) for _ in range(COHORTS)]
    cohorts += [[Span(0, day, "lost") for day in range(1, 7)]]
    given = tmp_path / "cohorts.csv"
    with given.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["cohort", "entry", "exit", "end"])
        for number, cohort in enumerate(cohorts):
            for span in cohort:
                entry, exit_ = span.halves
                rows.writerow([number, entry / 2, exit_ / 2, span.end or ""])
    done = subprocess.run(
        [program, "--vanilla", str(SCRIPT), str(given)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: defaultdict[tuple[int, str], dict[float, float]] = defaultdict(dict)
    for row in csv.DictReader(done.stdout.splitlines()):
        value = math.nan if row["value"] == "NA" else float(row["value"])
        told[int(row["cohort"]), row["what"]][float(row["time"])] = value
    compared = 0
    for number, cohort in enumerate(cohorts):
        steps = curves(cohort)
        half, theirs = median(steps), told[number, "median"][0.0]
        assert (half is None) == math.isnan(theirs), number
        assert half is None or half == pytest.approx(theirs, abs=SAME)
        assert [step.day for step in steps] == list(told[number, "survival"])
        for step in steps:
            assert told[number, "at_risk"][step.day] == step.at_risk
            assert told[number, "survival"][step.day] == pytest.approx(step.survival, abs=SAME)
            for kind, share in step.incidence.items():
                assert told[number, kind][step.day] == pytest.approx(share, abs=SAME)
            for name, limit in (("low", step.low), ("high", step.high)):
                if limit is not None:
                    assert told[number, name][step.day] == pytest.approx(limit, abs=SAME)
                    compared += 1
    assert compared > 2_000
