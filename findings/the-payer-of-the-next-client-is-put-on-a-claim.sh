#!/bin/sh
# A file of professional claims (X12 837P, implementation guide 005010X222A1) tells first whose claim it is:
# subscriber (loop 2000B with SBR, 2010BA), payer (2010BB), and then the claim itself (2300 with CLM). openx12
# 0.2.1 hangs SBR and payer on the claim that it read last. In a file of one client that claim does not
# exist yet, and the payer is lost; in a file of several each claim has the payer, the group and the kind of
# insurance of the client that follows, and the last has none. Nothing is raised. x12sdk 2.2.0 reads the same
# file as the guide says.
# Seen 2026-11-30 with Python 3.11, output:
#   openx12: CLAIM-A of payer PAYER-B group GROUP-B; CLAIM-B of payer PAYER-C group GROUP-C; CLAIM-C of payer - group -
#   x12sdk: CLAIM-A of payer PAYER-A group GROUP-A; CLAIM-B of payer PAYER-B group GROUP-B; CLAIM-C of payer PAYER-C group GROUP-C
# What follows for us: coverage is entered at the client through our own interface, and none is read from a
# file of claims. Whoever feeds us from such files tries one with two clients first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openx12==0.2.1 x12sdk==2.2.0
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from openx12 import x837p
from x12sdk.io import X12ModelReader

BEFORE = """\
ISA*00*          *00*          *ZZ*CLINIC         *ZZ*CLEARING       *260310*1200*^*00501*000000001*0*P*:
GS*HC*CLINIC*CLEARING*20260310*1200*1*X*005010X222A1
ST*837*0001*005010X222A1
BHT*0019*00*1*20260310*1200*CH
NM1*41*2*EXAMPLE CLINIC*****46*123456789
PER*IC*DESK*TE*3035550100
NM1*40*2*CLEARING*****46*987654321
HL*1**20*1
NM1*85*2*EXAMPLE CLINIC*****XX*1234567893
N3*1 EXAMPLE STREET
N4*DENVER*CO*802020000
REF*EI*123456789"""
CLIENT = """\
HL*{number}*1*22*0
SBR*P*18*GROUP-{name}******{kind}
NM1*IL*1*EXAMPLE*{name}****MI*MEMBER-{name}
N3*1 EXAMPLE STREET
N4*DENVER*CO*80202
DMG*D8*19800101*F
NM1*PR*2*PAYER {name}*****PI*PAYER-{name}
CLM*CLAIM-{name}*150***11:B:1*Y*A*Y*Y
HI*ABK:F1020
LX*1
SV1*HC:H0015*150*UN*1***1
DTP*472*D8*20260302"""
clients = [
    CLIENT.format(number=number, name=name, kind=kind)
    for number, name, kind in ((2, "A", "CI"), (3, "B", "MC"), (4, "C", "BL"))
]
lines = "\n".join([BEFORE, *clients]).split("\n")
lines += [f"SE*{len(lines) - 1}*0001", "GE*1*1", "IEA*1*000000001"]
text = "".join(f"{line}~\n" for line in lines)


def show(name, claims):
    print(f"{name}:", "; ".join(f"{claim} of payer {payer} group {group}" for claim, payer, group in claims))


show(
    "openx12",
    [
        (
            claim["claim_number"],
            claim.get("payer", {}).get("id_value", "-"),
            claim.get("subscriber_info", {}).get("group_number", "-"),
        )
        for claim in x837p.parse(text).claims
    ],
)
with X12ModelReader(text) as reader:
    (model,) = reader.models()
show(
    "x12sdk",
    [
        (
            client["loop_2300"][0]["clm_segment"]["patient_control_number"],
            client["loop_2010bb"]["nm1_segment"]["identification_code"],
            client["sbr_segment"]["group_policy_number"],
        )
        for client in model.model_dump()["loop_2000a"][0]["loop_2000b"]
    ],
)
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
openx12: CLAIM-A of payer PAYER-B group GROUP-B; CLAIM-B of payer PAYER-C group GROUP-C; CLAIM-C of payer - group -
x12sdk: CLAIM-A of payer PAYER-A group GROUP-A; CLAIM-B of payer PAYER-B group GROUP-B; CLAIM-C of payer PAYER-C group GROUP-C
EXPECTED
