#!/bin/sh
# In a clinical document (C-CDA R2.1) `negationInd="true"` turns a statement round: the problem was looked for
# and is not there, the client has no such allergy, the medicine was not taken. @medplum/ccda 5.1.10 does
# not read it and writes FHIR resources that say the opposite: a Condition and an AllergyIntolerance,
# active and confirmed, and an order for the medicine that was declined. A day without a time (20260301)
# becomes midnight in UTC, which is 28 February in Denver. Nothing is raised. ccda-to-fhir 0.3 reads
# the same document as it is meant. Of problems its maintainers know (medplum's issue 10377, open).
# Seen 2026-11-30 with Node 20 and Python 3.11, output:
#   @medplum/ccda: Condition Alcoholism confirmed, since 2026-03-01T00:00:00Z
#   @medplum/ccda: Condition Opioid abuse confirmed, since 2026-03-01T00:00:00Z
#   @medplum/ccda: AllergyIntolerance Penicillin confirmed, since 2026-03-01T00:00:00Z
#   @medplum/ccda: MedicationRequest Naltrexone
#   ccda-to-fhir: Condition Alcoholism confirmed, since 2026-03-01
#   ccda-to-fhir: Condition Opioid abuse refuted, since 2026-03-01
#   ccda-to-fhir: AllergyIntolerance Penicillin no-known-reaction-risk, since 2026-03-01
#   ccda-to-fhir: MedicationRequest Naltrexone not to be performed
# What follows for us: diagnoses come with a referral through our own interface, by people who read the
# document. Whoever converts documents for us tries one with a negated problem first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ccda-to-fhir==0.3
npm install --silent --no-audit --no-fund --prefix "$folder" \
  @medplum/ccda@5.1.10 @medplum/core@5.1.10 fast-xml-parser@5.7.1 > npm 2>&1
python3 - > document.xml <<'PYTHON'
ROOT = "2.16.840.1.113883"
SNOMED, RXNORM = f'codeSystem="{ROOT}.6.96"', f'codeSystem="{ROOT}.6.88"'
SINCE = '<effectiveTime><low value="20260301"/></effectiveTime>'


def template(number, version=""):
    """A template of C-CDA, without and with its version."""
    one = f'<templateId root="{ROOT}.10.20.22.{number}"/>'
    return one + (f'<templateId root="{ROOT}.10.20.22.{number}" extension="{version}"/>' if version else "")


def section(number, version, code, entries):
    return (f"<component><section>{template(number, version)}"
            f'<code code="{code}" codeSystem="{ROOT}.6.1"/><title>Section</title><text>Section</text>'
            f"{''.join(entries)}</section></component>")


def concern(name, number, version, inside):
    return (f'<entry typeCode="DRIV"><act classCode="ACT" moodCode="EVN">{template(number, version)}'
            f'<id root="{ROOT}.19.6" extension="{name}"/><code code="CONC" codeSystem="{ROOT}.5.6"/>'
            f'<statusCode code="active"/>{SINCE}<entryRelationship typeCode="SUBJ">{inside}'
            "</entryRelationship></act></entry>")


def problem(name, code, negated=""):
    return concern(name, "4.3", "2015-08-01", (
        f'<observation classCode="OBS" moodCode="EVN"{negated}>{template("4.4", "2015-08-01")}'
        f'<id root="{ROOT}.19.7" extension="{name}"/><code code="55607006" {SNOMED}/>'
        f'<statusCode code="completed"/>{SINCE}'
        f'<value xsi:type="CD" code="{code}" {SNOMED} displayName="{name}"/></observation>'))


NEGATED = ' negationInd="true"'
allergy = concern("Penicillin", "4.30", "2015-08-01", (
    f'<observation classCode="OBS" moodCode="EVN"{NEGATED}>{template("4.7", "2014-06-09")}'
    f'<id root="{ROOT}.19.7" extension="A1"/><code code="ASSERTION" codeSystem="{ROOT}.5.4"/>'
    f'<statusCode code="completed"/>{SINCE}'
    f'<value xsi:type="CD" code="416098002" {SNOMED} displayName="Allergy to drug"/>'
    '<participant typeCode="CSM"><participantRole classCode="MANU"><playingEntity classCode="MMAT">'
    f'<code code="7980" {RXNORM} displayName="Penicillin"/></playingEntity></participantRole>'
    "</participant></observation>"))
medicine = (
    f'<entry typeCode="DRIV"><substanceAdministration classCode="SBADM" moodCode="EVN"{NEGATED}>'
    f'{template("4.16", "2014-06-09")}<id root="{ROOT}.19.8" extension="M1"/><statusCode code="completed"/>'
    '<effectiveTime xsi:type="IVL_TS"><low value="20260301"/></effectiveTime>'
    f'<consumable><manufacturedProduct classCode="MANU">{template("4.23", "2014-06-09")}'
    f'<manufacturedMaterial><code code="7243" {RXNORM} displayName="Naltrexone"/></manufacturedMaterial>'
    "</manufacturedProduct></consumable></substanceAdministration></entry>")
nothing = '<addr nullFlavor="NI"/><telecom nullFlavor="NI"/>'
print(f"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<realmCode code="US"/><typeId root="{ROOT}.1.3" extension="POCD_HD000040"/>
{template("1.1", "2015-08-01")}{template("1.2", "2015-08-01")}
<id root="{ROOT}.19.5.99999.1" extension="DOCUMENT-1"/><code code="34133-9" codeSystem="{ROOT}.6.1"/>
<title>Summary</title><effectiveTime value="20260302120000-0700"/>
<confidentialityCode code="N" codeSystem="{ROOT}.5.25"/><languageCode code="en-US"/>
<recordTarget><patientRole><id root="{ROOT}.19.5" extension="CLIENT-1"/>{nothing}
<patient><name use="L"><given>Alpha</given><family>Example</family></name>
<administrativeGenderCode code="F" codeSystem="{ROOT}.5.1"/><birthTime value="19800101"/></patient>
</patientRole></recordTarget>
<author><time value="20260302120000-0700"/><assignedAuthor>
<id root="{ROOT}.4.6" extension="1234567893"/>{nothing}
<assignedPerson><name><given>Beta</given><family>Example</family></name></assignedPerson>
</assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization>
<id root="{ROOT}.4.6" extension="1234567893"/><name>Example Clinic</name>
<telecom nullFlavor="NI"/><addr nullFlavor="NI"/>
</representedCustodianOrganization></assignedCustodian></custodian>
<component><structuredBody>""")
print(section("2.5.1", "2015-08-01", "11450-4", [
    problem("Alcoholism", "7200002"), problem("Opioid abuse", "5602001", NEGATED)]))
print(section("2.6.1", "2015-08-01", "48765-2", [allergy]))
print(section("2.1.1", "2014-06-09", "10160-0", [medicine]))
print("</structuredBody></component></ClinicalDocument>")
PYTHON
cat > medplum.js <<'JAVASCRIPT'
globalThis.WebSocket ??= class {}; // Node 20 has none, and the library wants one to be there
const { convertCcdaToFhir, convertXmlToCcda } = require("@medplum/ccda");

const document = require("fs").readFileSync("document.xml", "utf8");
console.log(JSON.stringify(convertCcdaToFhir(convertXmlToCcda(document))));
JAVASCRIPT
node medplum.js > medplum.json
venv/bin/python - > seen <<'PYTHON'
import json
import logging
from pathlib import Path

from ccda_to_fhir.convert import convert_document

logging.disable()
KINDS = ("Condition", "AllergyIntolerance", "MedicationRequest")
NO_RISK = "no-known-reaction-risk"
other = convert_document(Path("document.xml").read_text())
bundles = {
    "@medplum/ccda": json.loads(Path("medplum.json").read_text()),
    "ccda-to-fhir": json.loads(json.dumps(other.get("bundle", other), default=str)),
}
for name, bundle in bundles.items():
    for one in (entry["resource"] for entry in bundle["entry"]):
        if one["resourceType"] in KINDS:
            text = json.dumps(one)
            of = next(word for word in ("Alcoholism", "Opioid abuse", "Penicillin", "Naltrexone") if word in text)
            told = f"{name}: {one['resourceType']} {of}"
            if "verificationStatus" in one:
                status = one["verificationStatus"]["coding"][0]["code"]
                told += f" {NO_RISK if NO_RISK in text else status}, since {one['onsetDateTime']}"
            print(told + (" not to be performed" if one.get("doNotPerform") else ""))
PYTHON
cat seen
diff seen - <<'EXPECTED'
@medplum/ccda: Condition Alcoholism confirmed, since 2026-03-01T00:00:00Z
@medplum/ccda: Condition Opioid abuse confirmed, since 2026-03-01T00:00:00Z
@medplum/ccda: AllergyIntolerance Penicillin confirmed, since 2026-03-01T00:00:00Z
@medplum/ccda: MedicationRequest Naltrexone
ccda-to-fhir: Condition Alcoholism confirmed, since 2026-03-01
ccda-to-fhir: Condition Opioid abuse refuted, since 2026-03-01
ccda-to-fhir: AllergyIntolerance Penicillin no-known-reaction-risk, since 2026-03-01
ccda-to-fhir: MedicationRequest Naltrexone not to be performed
EXPECTED
