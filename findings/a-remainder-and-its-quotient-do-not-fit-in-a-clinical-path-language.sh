#!/bin/sh
# fhirpathpy 2.2.4 (FHIRPath, which measures and invariants of FHIR are written in): `div` cuts a
# negative quotient off towards zero while `mod` gives the remainder of one rounded down, so that both
# together do not give the number back: -7 becomes -4. FHIRPath N1 defines both by truncated division
# (6.6.5, 6.6.6: -7 mod 3 is -1). `round(n)` takes halves to the even neighbour where the specification
# asks for the traditional way (5.7.8: 0.5 and more are rounded up), so that 0.5, 2.5 and 4.5 come out
# one too low, as every second mean of two scores does. All of it is silent: the answers are numbers.
# Days "before" a date are negative: weeks and days of a stay computed so are off by up to a week.
# Seen 2026-11-30 with Python 3.11, output:
#   -7 div 3: -2
#   -7 mod 3: 2
#   (-7 div 3) * 3 + (-7 mod 3): -4
#   halves up to 4.5 rounded: 0 2 2 4 4
# What follows for us: rules, scores and weeks are computed by functions of our own over whole numbers,
# each with vectors; no expression of a path language decides anything.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fhirpathpy==2.2.4
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from fhirpathpy import evaluate


def told(expression):
    """What an expression that needs no resource comes to."""
    return evaluate({"resourceType": "Basic"}, expression)[0]


for expression in ("-7 div 3", "-7 mod 3", "(-7 div 3) * 3 + (-7 mod 3)"):
    print(f"{expression}: {told(expression)}")
print("halves up to 4.5 rounded:", *(f"{told(f'{half}.5.round(0)'):f}" for half in range(5)))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
-7 div 3: -2
-7 mod 3: 2
(-7 div 3) * 3 + (-7 mod 3): -4
halves up to 4.5 rounded: 0 2 2 4 4
EXPECTED
