"""`make mutants`: change the rules in one place at a time and see whether a test notices.

    python -m tests.mutants [NAME …]

All pages without a name. The rules of a page are changed by mutmut, the unit tests that reach a
changed function run against each change, and the figures are written into the page below its mark.
A change that survives has to stand in the page above the mark, in backticks, with why it changes no
score, alert or level; one that does not is printed, and the exit code is 1.
"""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

MUTMUT = Path(sys.executable).with_name("mutmut")
MADE = Path("mutants")
MARK = "<!-- below this line written by `make mutants` -->"
NOTICED = {1, 3}
"""How pytest ends when a test fails, or cannot go on."""
SURVIVED = 0


@dataclass(frozen=True)
class Report:
    """A page and the modules whose rules it is about."""

    page: Path
    modules: str
    files: str


REPORTS = {
    "scorer": Report(
        Path("docs/mutation-scorer.md"),
        "services.intake.screening.rules.*",
        "services/intake/screening/rules/*.meta",
    ),
    "level-of-care": Report(
        Path("docs/mutation-level-of-care.md"),
        "services.intake.level_of_care.rules.*",
        "services/intake/level_of_care/rules/*.meta",
    ),
    "recommendations": Report(
        Path("docs/mutation-recommendations.md"),
        "services.outcomes.step_down.*",
        "services/outcomes/step_down/**/*.meta",
    ),
}


def main(names: list[str]) -> int:
    """Run the named reports; 0 when every change was noticed or is explained."""
    shutil.rmtree(MADE, ignore_errors=True)  # which tests reach what is found out anew
    return max([run(REPORTS[name]) for name in names or REPORTS], default=0)


def run(report: Report) -> int:
    """Change the rules of a page, and write down what came of it."""
    subprocess.run([MUTMUT, "run", report.modules], check=False)
    return write(report)


def write(report: Report) -> int:
    """Write down what came of the last run."""
    above = report.page.read_text(encoding="utf-8").partition(MARK)[0]
    rows, survivors = [], []
    for path in sorted(MADE.glob(report.files)):
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        if not codes:
            continue
        ends = Counter(
            "noticed" if code in NOTICED else "survived" if code == SURVIVED else "other"
            for code in codes.values()
        )
        rows.append((path.name.removesuffix(".meta"), len(codes), ends))
        survivors += [name for name, code in codes.items() if code not in NOTICED]
    unexplained = [(name, diff) for name in survivors if not explained(diff := shown(name), above)]
    report.page.write_text(f"{above}{MARK}\n\n{table(rows)}", encoding="utf-8")
    print(f"\n{table(rows)}")
    for name, diff in unexplained:
        print(f"{name} is not noticed:\n{diff}\n")
    print(f"{report.page}: {len(survivors)} of them survive, {len(unexplained)} unexplained")
    return 1 if unexplained or not rows else 0


def shown(name: str) -> str:
    """A change as a diff."""
    done = subprocess.run([MUTMUT, "show", name], check=False, capture_output=True, text=True)
    return done.stdout


def explained(diff: str, page: str) -> bool:
    """Whether every line that the change made stands in the page."""
    made = [line[1:].strip() for line in diff.splitlines() if re.match(r"\+(?!\+\+)", line)]
    return bool(made) and all(f"`{line}`" in page for line in made)


def table(rows: list[tuple[str, int, Counter[str]]]) -> str:
    """The figures for readers."""
    lines = ["| module | changes | noticed | survive | other |", "|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    for name, changes, ends in rows:
        total += ends + Counter(changes=changes)
        lines.append(
            f"| {name} | {changes} | {ends['noticed']} | {ends['survived']} | {ends['other']} |"
        )
    lines.append(
        f"| **all** | {total['changes']} | {total['noticed']} | {total['survived']} "
        f"| {total['other']} |"
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
