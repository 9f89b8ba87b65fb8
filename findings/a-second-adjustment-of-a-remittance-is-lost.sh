#!/bin/sh
# A payer says in a remittance (X12 835, implementation guide 005010X221A1) why a service was not paid in
# full: a CAS segment has a group and up to six adjustments of it, each a reason, an amount and a
# quantity. Deductible and co-payment of a client are both of the group PR, so payers write them in one
# segment. edi-835-parser 1.8.0 reads the first of each segment and says nothing of the others: what the
# client owes comes out too low, and charge is no longer what was paid and adjusted. Written as two
# segments, which means the same, all of them are read.
# Seen 2026-11-30 with edi-835-parser 1.8.0 and pandas 2.3.3, output:
#   one segment with two: charge 200.00 = paid 75.00 + adjusted 112.50? False; reasons 1 45
#   a segment for each: charge 200.00 = paid 75.00 + adjusted 125.00? True; reasons 1 3 45
# What follows for us: what a payer authorizes and what a client is estimated to owe is entered through
# our own interface, with an example of each field, and no remittance is read by this library. Whoever
# feeds us from remittances adds up charge, paid and adjusted for each service first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  edi-835-parser==1.8.0 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" > "$folder/seen" <<'PYTHON'
import pathlib
import sys

from edi_835_parser import parse

REMITTANCE = """\
ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *260310*1200*^*00501*000000001*0*P*:
GS*HP*PAYER*CLINIC*20260310*1200*1*X*005010X221A1
ST*835*0001
BPR*I*75.00*C*ACH*CCP*01*999999992*DA*123456*1512345678**01*999988880*DA*98765*20260310
TRN*1*12345*1512345678
DTM*405*20260309
N1*PR*EXAMPLE PAYER
N3*1 EXAMPLE STREET
N4*DENVER*CO*80202
PER*BL*DESK*TE*3035550100
N1*PE*EXAMPLE CLINIC*XX*1234567893
LX*1
CLP*CLAIM-1*1*200.00*75.00*112.50*12*CONTROL-1*11*1
NM1*QC*1*EXAMPLE*CLIENT****MI*MEMBER-1
SVC*HC:H0015*200.00*75.00**1
DTM*472*20260302
{patient}
CAS*CO*45*12.50
SE*{count}*0001
GE*1*1
IEA*1*000000001"""
WRITTEN = {
    "one segment with two": ["CAS*PR*1*100.00**3*12.50"],
    "a segment for each": ["CAS*PR*1*100.00", "CAS*PR*3*12.50"],
}

file = pathlib.Path(sys.argv[1]) / "remittance.835"
for name, patient in WRITTEN.items():
    lines = REMITTANCE.format(patient="\n".join(patient), count=16 + len(patient)).split("\n")
    file.write_text("".join(f"{line}~\n" for line in lines))
    (row,) = parse(str(file)).to_dataframe().to_dict("records")
    numbers = range(sum(key.startswith("adj_") for key in row) // 3)
    adjusted = sum(row[f"adj_{n}_amount"] for n in numbers)
    charge, paid = row["charge_amount"], row["paid_amount"]
    print(f"{name}: charge {charge:.2f} = paid {paid:.2f} + adjusted {adjusted:.2f}?",
          f"{charge == paid + adjusted}; reasons", *(row[f"adj_{n}_code"] for n in numbers))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
one segment with two: charge 200.00 = paid 75.00 + adjusted 112.50? False; reasons 1 45
a segment for each: charge 200.00 = paid 75.00 + adjusted 125.00? True; reasons 1 3 45
EXPECTED
