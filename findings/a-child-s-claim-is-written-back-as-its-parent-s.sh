#!/bin/sh
# Where the patient is not the subscriber, a professional claim (X12 837P, implementation guide 005010X222A1)
# has a loop of its own for the patient (2000C: HL with 23, PAT, NM1*QC) between the subscriber and the claim,
# and SBR02 is empty. kw-x12-parser 0.1.6 reads such a file with all names, but what it writes from the
# table that it made has no patient: SBR02 says 18, which is "self", so that the claim for a child is its
# parent's, and the payer gets the child's diagnosis under the parent's name. The number of the group is
# left out, and each service is moved from the office (CLM05, 11) to the client's home (SV105, 12), where
# the file said nothing of its own. All of it is silent. "Full schema" is what its manual calls the table,
# "build from scratch" what is done with it. x12sdk 2.2.0 writes the segments as they were given.
# Seen 2026-11-30 with Python 3.11 and pandas 3.1.1, output:
#   in the table: subscriber ALPHA patient BETA group GROUP-1
#   given: SBR*P**GROUP-1******CI NM1*IL*1*EXAMPLE*ALPHA****MI*MEMBER-1 PAT*19 NM1*QC*1*EXAMPLE*BETA SV1*HC:H0015*150*UN*1***1
#   by x12sdk: SBR*P**GROUP-1******CI NM1*IL*1*EXAMPLE*ALPHA****MI*MEMBER-1 PAT*19 NM1*QC*1*EXAMPLE*BETA SV1*HC:H0015*150*UN*1***1
#   by kw-x12-parser: SBR*P*18*******CI NM1*IL*1*EXAMPLE*ALPHA****MI*MEMBER-1 SV1*HC:H0015*150.00*UN*1*12**1
# What follows for us: no claim is read or written by us; coverage is entered at the client, with the client's
# own number. Whoever passes claims on filters the file that came, and writes none anew from a table.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  kw-x12-parser==0.1.6 x12sdk==2.2.0 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import pathlib

from kw_x12_parser import full_parse_x837p, write_to_edi_x837p
from x12sdk.io import X12ModelReader

LINES = """\
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
REF*EI*123456789
HL*2*1*22*1
SBR*P**GROUP-1******CI
NM1*IL*1*EXAMPLE*ALPHA****MI*MEMBER-1
N3*2 EXAMPLE STREET
N4*DENVER*CO*80203
DMG*D8*19700202*M
NM1*PR*2*EXAMPLE PAYER*****PI*PAYER-1
HL*3*2*23*0
PAT*19
NM1*QC*1*EXAMPLE*BETA
N3*2 EXAMPLE STREET
N4*DENVER*CO*80203
DMG*D8*20100303*F
CLM*CLAIM-1*150***11:B:1*Y*A*Y*Y
HI*ABK:F1120
LX*1
SV1*HC:H0015*150*UN*1***1
DTP*472*D8*20260302
SE*29*0001
GE*1*1
IEA*1*000000001""".split("\n")
SHOWN = ("SBR*", "PAT*", "NM1*IL", "NM1*QC", "SV1*")


def show(name, text):
    segments = text.replace("\n", "").split("~")
    print(f"{name}:", *(one for one in segments if one.startswith(SHOWN)))


given = "".join(f"{line}~\n" for line in LINES)
table = full_parse_x837p(given)
(row,) = table.to_dict("records")
print("in the table: subscriber", row["NM1_SUBSCRIBER_Name_First"],
      "patient", row["NM1_PATIENT_Name_First"], "group", row["SBR_P_Subscriber_GroupNumber"])
write_to_edi_x837p(table, "written.837")
show("given", given)
with X12ModelReader(given) as reader:
    show("by x12sdk", "".join(model.x12() for model in reader.models()))
show("by kw-x12-parser", pathlib.Path("written.837").read_text())
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
in the table: subscriber ALPHA patient BETA group GROUP-1
given: SBR*P**GROUP-1******CI NM1*IL*1*EXAMPLE*ALPHA****MI*MEMBER-1 PAT*19 NM1*QC*1*EXAMPLE*BETA SV1*HC:H0015*150*UN*1***1
by x12sdk: SBR*P**GROUP-1******CI NM1*IL*1*EXAMPLE*ALPHA****MI*MEMBER-1 PAT*19 NM1*QC*1*EXAMPLE*BETA SV1*HC:H0015*150*UN*1***1
by kw-x12-parser: SBR*P*18*******CI NM1*IL*1*EXAMPLE*ALPHA****MI*MEMBER-1 SV1*HC:H0015*150.00*UN*1*12**1
EXPECTED
