#!/bin/sh
# Measures of quality are written in CQL. ms-cql-sdk 0.7.1 gives back the first argument of any function that
# it does not know, a misspelt one as well, where CQL asks for an error. Among those that it does not know
# are Floor, Abs, Sum, Max, Median and AllTrue: `Abs(-3)` is -3, a sum is the list that it was to add up, and
# a comparison with such a list is null, so that nobody counts as having met the measure. Units are not
# looked at in sums (5 mg and 1 g are 6 mg) and never match in comparisons (2 weeks against 10 days), and
# the end of a period that is open on the right is a day too late (CQL 1.5.3, "End": the predecessor).
# Nothing is raised. Its compiler for PostgreSQL refuses such functions, but drops the units too.
# cql-execution 3.3.2 (JavaScript), given the same as ELM, answers as CQL says.
# Seen 2026-11-30 with Python 3.11 and Node 20, output:
#   Floor(13.9): ms-cql-sdk 13.9 cql-execution 13
#   Abs(-3): ms-cql-sdk -3 cql-execution 3
#   Sum({20, 30, 45}): ms-cql-sdk [20, 30, 45] cql-execution 95
#   Max({20, 30, 95}) >= 90: ms-cql-sdk None cql-execution True
#   5 'mg' + 1 'g': ms-cql-sdk 6 mg cql-execution 1005 'mg'
#   2 'wk' > 10 'd': ms-cql-sdk None cql-execution True
#   end of Interval[@2026-03-01, @2026-04-01): ms-cql-sdk 2026-04-01 cql-execution 2026-03-31
#   Flor(13.9): ms-cql-sdk 13.9
# What follows for us: measures are functions of our own over days and counts, each with vectors and its source;
# no expression of a measure's language decides anything.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ms-cql-sdk==0.7.1
npm install --silent --no-audit --no-fund --prefix "$folder" cql-execution@3.3.2 > npm
cat > elm.js <<'JAVASCRIPT'
const cql = require("cql-execution");

const typed = (name) => (value) => ({
  type: "Literal", valueType: `{urn:hl7-org:elm-types:r1}${name}`, value: String(value),
});
const [integer, decimal] = ["Integer", "Decimal"].map(typed);
const list = (...values) => ({ type: "List", element: values.map(integer) });
const quantity = (value, unit) => ({ type: "Quantity", value, unit });
const date = (month, day) => ({
  type: "Date", year: integer(2026), month: integer(month), day: integer(day),
});
const expressions = [
  { type: "Floor", operand: decimal(13.9) },
  { type: "Abs", operand: integer(-3) },
  { type: "Sum", source: list(20, 30, 45) },
  { type: "GreaterOrEqual", operand: [{ type: "Max", source: list(20, 30, 95) }, integer(90)] },
  { type: "Add", operand: [quantity(5, "mg"), quantity(1, "g")] },
  { type: "Greater", operand: [quantity(2, "wk"), quantity(10, "d")] },
  { type: "End", operand: {
    type: "Interval", low: date(3, 1), high: date(4, 1), lowClosed: true, highClosed: false } },
];
const library = new cql.Library({ library: {
  identifier: { id: "Tried", version: "1" },
  schemaIdentifier: { id: "urn:hl7-org:elm", version: "r1" },
  usings: { def: [] },
  statements: { def: expressions.map((expression, index) => ({
    name: String(index), context: "Unfiltered", accessLevel: "Public", expression })) },
} });
new cql.Executor(library).exec(new cql.PatientSource([])).then((results) => {
  for (const index of expressions.keys()) {
    const seen = String(results.unfilteredResults[index]);
    console.log(seen.replace(/^[tf]/, (first) => first.toUpperCase()));
  }
});
JAVASCRIPT
node elm.js > elm
venv/bin/python - > seen <<'PYTHON'
from pathlib import Path

from cql_sdk.api import invoke, load_library_from_cql_text

EXPRESSIONS = (
    "Floor(13.9)",
    "Abs(-3)",
    "Sum({20, 30, 45})",
    "Max({20, 30, 95}) >= 90",
    "5 'mg' + 1 'g'",
    "2 'wk' > 10 'd'",
    "end of Interval[@2026-03-01, @2026-04-01)",
    "Flor(13.9)",
)
TEXT = "library Tried version '1'\nusing FHIR version '4.0.1'\ndefine \"Asked\": {}\n"
others = [f" cql-execution {told}" for told in Path("elm").read_text().splitlines()]
for expression, other in zip(EXPRESSIONS, [*others, ""], strict=True):
    library = load_library_from_cql_text(TEXT.format(expression))
    print(f"{expression}: ms-cql-sdk {invoke(library, definition='Asked')}{other}")
PYTHON
cat seen
diff seen - <<'EXPECTED'
Floor(13.9): ms-cql-sdk 13.9 cql-execution 13
Abs(-3): ms-cql-sdk -3 cql-execution 3
Sum({20, 30, 45}): ms-cql-sdk [20, 30, 45] cql-execution 95
Max({20, 30, 95}) >= 90: ms-cql-sdk None cql-execution True
5 'mg' + 1 'g': ms-cql-sdk 6 mg cql-execution 1005 'mg'
2 'wk' > 10 'd': ms-cql-sdk None cql-execution True
end of Interval[@2026-03-01, @2026-04-01): ms-cql-sdk 2026-04-01 cql-execution 2026-03-31
Flor(13.9): ms-cql-sdk 13.9
EXPECTED
