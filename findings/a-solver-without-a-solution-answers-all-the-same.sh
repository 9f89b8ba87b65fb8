#!/bin/sh
# OR-Tools 9.15.6755 (CP-SAT, Python): after a solve that found nothing, because the model is
# infeasible or the time was over, the solver still answers when it is asked for values. What it says
# is what lies in memory: 0 on most runs, and on others 2314885530818453536, which is
# eight blanks of a text. The objective is 0 and so is its bound; nothing is raised. A weekly plan that
# is read without a look at the status has everybody in room 0 at minute 0, or nowhere, at a cost of 0
# and proved best. In the same release `status_name()` without an argument, which would tell, raises
# TypeError, whatever the outcome.
# Seen 2026-11-29 with Python 3.11, output:
#   infeasible: INFEASIBLE value is an int objective 0.0 bound 0.0
#   time over: UNKNOWN value is an int objective 0.0 bound 0.0
#   solved: OPTIMAL value 3 objective 3.0 bound 3.0
#   status_name(): TypeError
# What follows for us: a plan is read in one place, which looks at the status first; no status but
# OPTIMAL and FEASIBLE has values.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ortools==9.15.6755
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from ortools.sat.python import cp_model


def show(what, model, variable, seconds=10.0):
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    value = solver.value(variable) if found else f"is an {type(solver.value(variable)).__name__}"
    print(f"{what}: {status.name} value {value} objective",
          f"{solver.objective_value} bound {solver.best_objective_bound}")
    return solver


impossible = cp_model.CpModel()
room = impossible.new_int_var(3, 9, "room")
impossible.add(room > 9)
impossible.minimize(room)
show("infeasible", impossible, room)

long = cp_model.CpModel()
starts = [long.new_int_var(1, 1_000, f"start {n}") for n in range(60)]
long.add_all_different(starts)
long.minimize(sum((n * 7_919) % 101 * start for n, start in enumerate(starts)))
show("time over", long, starts[0], 1e-6)

easy = cp_model.CpModel()
room = easy.new_int_var(3, 9, "room")
easy.minimize(room)
solver = show("solved", easy, room)
try:
    print("status_name():", solver.status_name())
except TypeError as error:
    print("status_name():", type(error).__name__)
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
infeasible: INFEASIBLE value is an int objective 0.0 bound 0.0
time over: UNKNOWN value is an int objective 0.0 bound 0.0
solved: OPTIMAL value 3 objective 3.0 bound 3.0
status_name(): TypeError
EXPECTED
