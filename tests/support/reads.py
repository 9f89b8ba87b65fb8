"""Every read by client of every service: what a merge has to reach."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from shared.settings import SERVICES

Route = tuple[str, str]
"""The service and the path; `{client_id}` stands for the client, in the path or as a parameter."""


class Read(NamedTuple):
    """Who asks, by which parameters, and what is left out where two records are compared with one
    client: what was decided at an instant by what was known then."""

    role: str = "clinical_lead"
    params: Mapping[str, str] = MappingProxyType({})
    without: frozenset[str] = frozenset()


OF_PERSON: dict[Route, Read] = {
    ("intake", "/clients/{client_id}/screenings"): Read(),
    ("intake", "/clients/{client_id}/identity-corrections"): Read(
        without=frozenset({"given_name", "family_name", "birth_date", "sex_at_birth"})
    ),
    ("intake", "/clients/{client_id}/contact"): Read(without=frozenset({"version"})),
    ("intake", "/clients/{client_id}/questionnaires"): Read(),
    ("intake", "/clients/{client_id}/level-of-care-determinations"): Read(
        without=frozenset({"dual_diagnosis", "criteria", "rules", "deciding", "would_change"})
    ),
    ("intake", "/clients/{client_id}/diagnoses"): Read(),
    ("intake", "/clients/{client_id}/dual-diagnosis"): Read(
        without=frozenset({"version", "changed_at"})
    ),
    ("intake", "/clients/{client_id}/risk-reports"): Read(),
    ("intake", "/clients/{client_id}/enrolments"): Read(without=frozenset({"former_id"})),
    ("intake", "/clients/{client_id}/consents"): Read(),
    ("intake", "/clients/{client_id}/consents/in-force"): Read(),
    ("intake", "/clients/{client_id}/preferences"): Read(),
    ("intake", "/clients/{client_id}/coverages"): Read("front_desk"),
    ("intake", "/clients/{client_id}/self-pay-agreements"): Read("front_desk"),
    ("intake", "/clients/{client_id}/authorizations"): Read("front_desk"),
    ("intake", "/clients/{client_id}/service-days"): Read("front_desk"),
    ("scheduling", "/placements"): Read(),
    ("scheduling", "/placements/preview"): Read(),
    ("scheduling", "/clients/{client_id}/attendance-summary"): Read(),
    ("scheduling", "/clients/{client_id}/weekly-hours"): Read(params={"week": "2026-W07"}),
    ("scheduling", "/clients/{client_id}/units"): Read(params={"week": "2026-W07"}),
    ("scheduling", "/slots"): Read(
        params={
            "kind": "individual",
            "minutes": "50",
            "from": "2026-03-02T00:00:00Z",
            "to": "2026-03-09T00:00:00Z",
        }
    ),
    ("notifications", "/notifications"): Read(),
    ("notifications", "/clients/{client_id}/timeline"): Read(),
    ("outcomes", "/clients/{client_id}/progress"): Read(),
    ("outcomes", "/clients/{client_id}/measures"): Read(),
    ("outcomes", "/measures"): Read(),
    ("outcomes", "/clients/{client_id}/engagement"): Read(),
    ("outcomes", "/clients/{client_id}/disengagement"): Read(
        without=frozenset({"assessed_at", "raised_at", "cleared_at"})
    ),
    ("outcomes", "/follow-ups"): Read(),
}
"""Equal those of a client who had all the histories."""
TOGETHER: dict[Route, Read] = {
    ("intake", "/clients/{client_id}/referrals"): Read(),
    ("intake", "/clients/{client_id}/risk-flags"): Read(),
    ("intake", "/clients/{client_id}/dual-diagnosis/changes"): Read(),
    ("notifications", "/clients/{client_id}/messages"): Read(),
    ("outcomes", "/clients/{client_id}/timeline"): Read(without=frozenset({"change"})),
    ("outcomes", "/recommendations"): Read(),
    ("outcomes", "/risks"): Read(),
    ("outcomes", "/clients/{client_id}/substance-use-reports"): Read(),
    ("scheduling", "/no-contacts"): Read(),
}
"""Lists of what came about at an instant, by what was known then: those of all records together."""
ONE_OF_A_LIST: dict[Route, str] = {
    ("intake", "/clients/{client_id}/screenings/{screening_id}"): "screenings",
    (
        "intake",
        "/clients/{client_id}/level-of-care-determinations/{determination_id}",
    ): "level-of-care-determinations",
    ("intake", "/clients/{client_id}/diagnoses/{diagnosis_id}"): "diagnoses",
    ("intake", "/clients/{client_id}/risk-reports/{report_id}"): "risk-reports",
}
"""By the list that names it: found for every record of the person."""
PICTURES: set[Route] = {
    ("outcomes", "/clients/{client_id}/measures/{instrument}/chart.{format}"),
}
"""Of what a read above shows."""
NOTES: set[Route] = {(service, "/clients/{client_id}/accesses") for service in SERVICES}
"""Who looked at any record of the person; being read, they grow."""
OF_THE_RECORD: set[Route] = {
    ("intake", "/clients"),
    ("intake", "/clients/{client_id}"),
    ("intake", "/clients/{client_id}/likely-duplicates"),
    ("intake", "/clients/{client_id}/merges"),
}
"""What a record is, and which others it is like or was merged with: not of the person."""
