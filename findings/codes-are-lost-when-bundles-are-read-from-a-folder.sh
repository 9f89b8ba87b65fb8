#!/bin/sh
# fhiry 5.2.2 makes tables of bundles of FHIR. Of a folder, which its manual begins with, each bundle is worked on
# when it is read and all of them once more together: the second time the codes that were taken out are
# taken for what they were taken out of. `code.coding.codes` is gone, `code.coding.codes.codes` is in its
# place and empty for every resource, and who counts scores by their code counts none. The same bundle
# given as one file keeps them. Read either way one client is three: a reference may be relative, absolute
# or to a version (FHIR R4, 2.3.0.1, literal references), and `patientId` is what is left of it without
# "Patient/", so that a join with the clients finds one score of three. Nothing is raised.
# Seen 2026-11-30 with Python 3.11 and pandas 3.1.1, output:
#   one file: columns code.coding.codes; scores of 44261-6: 3
#   one file: clients CLIENT-1, CLIENT-1/_history/2, https://example.org/fhir/CLIENT-1
#   a folder of that file: columns code.coding.codes.codes; scores of 44261-6: 0
#   a folder of that file: clients CLIENT-1, CLIENT-1/_history/2, https://example.org/fhir/CLIENT-1
# What follows for us: scores are read from our own tables by the questionnaire's name and the client's id, and
# extracts hold ids alone, no references. Whoever joins them with tables of FHIR counts rows before and after.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fhiry==5.2.2 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - 2> "$folder/progress" > "$folder/told" <<'PYTHON'
import json
import pathlib

from fhiry import Fhiry

REFERENCES = (
    "Patient/CLIENT-1", "https://example.org/fhir/Patient/CLIENT-1", "Patient/CLIENT-1/_history/2"
)
scores = [
    {
        "resourceType": "Observation", "id": f"score-{number}", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
        "subject": {"reference": reference}, "valueInteger": 10 + number,
    }
    for number, reference in enumerate(REFERENCES)
]
file = pathlib.Path("bundles/one.json")
file.parent.mkdir()
file.write_text(json.dumps({
    "resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in scores]
}))


def show(name, reader):
    reader.process_source()
    columns = [column for column in reader.df if "coding" in column]
    found = sum("44261-6" in row[column] for row in reader.df.to_dict("records") for column in columns)
    print(f"seen {name}: columns {', '.join(columns)}; scores of 44261-6: {found}")
    print(f"seen {name}: clients {', '.join(sorted(reader.df['patientId']))}")


one, all_of_them = Fhiry(), Fhiry()
one.filename = str(file)
show("one file", one)
all_of_them.folder = str(file.parent)
show("a folder of that file", all_of_them)
PYTHON
sed -n 's/^seen //p' "$folder/told" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
one file: columns code.coding.codes; scores of 44261-6: 3
one file: clients CLIENT-1, CLIENT-1/_history/2, https://example.org/fhir/CLIENT-1
a folder of that file: columns code.coding.codes.codes; scores of 44261-6: 0
a folder of that file: clients CLIENT-1, CLIENT-1/_history/2, https://example.org/fhir/CLIENT-1
EXPECTED
