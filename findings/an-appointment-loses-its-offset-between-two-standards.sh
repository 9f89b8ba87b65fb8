#!/bin/sh
# An evening at 18:30 in Denver is 20260302183000-0700 in HL7 version 2, where a time without an offset is one of
# the sender's own zone (2.5.1, chapter 2A, DTM), and 2026-03-02T18:30:00-07:00 in FHIR, where the start of an
# appointment is an instant and always has an offset. brightohir 2.1.2 cuts the offset off in both
# directions and leaves the clock as it stands. One instant is an evening or the night after it, by how it
# was written, and servers of FHIR like to write it in UTC: the clinic that gets the message expects its
# client at half past one. Nothing is raised. python-hl7 0.4.5 reads both spellings as one instant, and
# fhir.resources 8.3.0, which brightohir makes its own resources with, refuses the start that it reads.
# Seen 2026-11-30 with Python 3.11, output:
#   20260302183000-0700 read: 2026-03-02T18:30:00, refused by fhir.resources; by python-hl7 2026-03-03T01:30:00+00:00
#   20260303013000+0000 read: 2026-03-03T01:30:00, refused by fhir.resources; by python-hl7 2026-03-03T01:30:00+00:00
#   2026-03-02T18:30:00-07:00 written: 20260302183000
#   2026-03-03T01:30:00Z written: 20260303013000
# What follows for us: instants go out with their offset, in events and in calendars, and none comes in without
# one. Whoever passes our sessions on to a system of HL7 version 2 tries one after 17:00 first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  brightohir==2.1.2 hl7apy==1.3.5 fhir.resources==8.3.0 hl7==0.4.5
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from datetime import UTC

import hl7
from brightohir import r5_to_v2, v2_to_r5
from fhir.resources.appointment import Appointment
from pydantic import ValidationError

HEADER = r"MSH|^~\&|CLINIC|CLINIC|OTHER|OTHER|20260302120000-0700||SIU^S12^SIU_S12|1|P|2.5.1"

for written in ("20260302183000-0700", "20260303013000+0000"):
    schedule = ["SCH", "SESSION-1", *[""] * 9, f"^^^{written}", *[""] * 13, "Booked"]
    message = "\r".join([HEADER, "|".join(schedule), "PID|1||CLIENT-A^^^CLINIC^MR||EXAMPLE^ALPHA", ""])
    (read,) = (
        entry["resource"]
        for entry in v2_to_r5(message)["entry"]
        if entry["resource"]["resourceType"] == "Appointment"
    )
    try:
        taken = "taken" if Appointment.model_validate(read) else ""
    except ValidationError as error:
        taken = "refused" if [one["loc"] for one in error.errors()] == [("start",)] else str(error)
    other = hl7.parse_datetime(written).astimezone(UTC).isoformat()
    print(f"{written} read: {read['start']}, {taken} by fhir.resources; by python-hl7 {other}")

for start in ("2026-03-02T18:30:00-07:00", "2026-03-03T01:30:00Z"):
    session = {"resourceType": "Appointment", "status": "booked", "start": start, "participant": []}
    segments = r5_to_v2(session, message_type="SIU_S12").split("\r")
    (schedule,) = (one for one in segments if one.startswith("SCH|"))
    print(f"{start} written: {schedule.split('|')[11]}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
20260302183000-0700 read: 2026-03-02T18:30:00, refused by fhir.resources; by python-hl7 2026-03-03T01:30:00+00:00
20260303013000+0000 read: 2026-03-03T01:30:00, refused by fhir.resources; by python-hl7 2026-03-03T01:30:00+00:00
2026-03-02T18:30:00-07:00 written: 20260302183000
2026-03-03T01:30:00Z written: 20260303013000
EXPECTED
