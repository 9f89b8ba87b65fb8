"""What was found that a clinician has to see."""

from dataclasses import dataclass

from shared.contracts.intake import RiskKind, RiskSeverity


@dataclass(frozen=True, slots=True)
class Finding:
    """A risk that answers or a report showed. `found_in` is the instrument's id or the form's."""

    kind: RiskKind
    severity: RiskSeverity
    found_in: str
