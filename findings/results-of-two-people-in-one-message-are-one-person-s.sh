#!/bin/sh
# A laboratory may send the results of several people in one message: in HL7 version 2.5.1 (7.3.1, ORU^R01)
# the group PATIENT_RESULT repeats, and each has one PID and the results that follow it. hl7apy 1.3.5 puts the
# second PID into the group of the first, though that group takes one, so that whoever goes from group to
# group finds all results with the first person. Its own `validate()` says "Child limit exceeded", parsing
# says nothing. brightohir 2.1.2, which rests on it and writes resources of FHIR, names the first person in
# all of them and hangs every result on the first report. A positive drug screen is another client's.
# hl7types 0.9.5 reads the message as the standard says.
# Seen 2026-11-30 with Python 3.11, output:
#   hl7apy: CLIENT-A negative; CLIENT-A positive
#   brightohir: CLIENT-A negative; CLIENT-A positive
#   hl7types: CLIENT-A negative; CLIENT-B positive
# What follows for us: results of screens and questionnaires come one client at a time through our own
# interface, each with the client's id. Whoever feeds us from a laboratory counts the PIDs of a message first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile \
  hl7apy==1.3.5 brightohir==2.1.2 fhir.resources==8.3.0 hl7types==0.9.5
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from brightohir import v2_to_r5
from hl7apy.parser import parse_message
from hl7types.hl7.v2_5_1.messages import ORU_R01

MESSAGE = "\r".join(
    [
        r"MSH|^~\&|LAB|LAB|CLINIC|CLINIC|20260302120000-0700||ORU^R01^ORU_R01|1|P|2.5.1",
        "PID|1||CLIENT-A^^^CLINIC^MR||EXAMPLE^ALPHA||19800101|F",
        "OBR|1||1|12308-5^Drug screen^LN|||20260302090000-0700||||||||||||||||||F",
        "OBX|1|ST|19295-5^Opiates^LN||negative||||||F",
        "PID|2||CLIENT-B^^^CLINIC^MR||EXAMPLE^BETA||19900101|M",
        "OBR|1||2|12308-5^Drug screen^LN|||20260302091500-0700||||||||||||||||||F",
        "OBX|1|ST|19295-5^Opiates^LN||positive||||||F",
        "",
    ]
)


def of_hl7apy():
    for group in parse_message(MESSAGE).oru_r01_patient_result:
        client = group.oru_r01_patient.pid.pid_3.cx_1.value
        for order in group.oru_r01_order_observation:
            yield client, order.oru_r01_observation.obx.obx_5.value


def of_brightohir():
    resources = [entry["resource"] for entry in v2_to_r5(MESSAGE)["entry"]]
    clients = {
        f"Patient/{one['id']}": one["identifier"][0]["value"]
        for one in resources
        if one["resourceType"] == "Patient"
    }
    for one in resources:
        if one["resourceType"] == "Observation":
            yield clients[one["subject"]["reference"]], one["valueString"]


def of_hl7types():
    for group in ORU_R01.model_validate_er7(MESSAGE).PATIENT_RESULT:
        for order in group.ORDER_OBSERVATION:
            for result in order.OBSERVATION:
                yield group.PATIENT.PID.pid_3[0].cx_1, result.OBX.obx_5[0]


for read in (of_hl7apy, of_brightohir, of_hl7types):
    print(f"{read.__name__[3:]}:", "; ".join(f"{client} {value}" for client, value in read()))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
hl7apy: CLIENT-A negative; CLIENT-A positive
brightohir: CLIENT-A negative; CLIENT-A positive
hl7types: CLIENT-A negative; CLIENT-B positive
EXPECTED
