"""What counts as a finding, and which findings ask for what: data with a version and a source."""

from functools import cache

from services.intake.dual_diagnosis.policy import DualDiagnosisPolicy
from shared.datafiles import DataFileInvalid, read_all


@cache
def policy() -> DualDiagnosisPolicy:
    """The policy in force.

    Raises:
        DataFileInvalid: an organization's folder brings a second one, so that it is open which
            counts.
    """
    found = read_all(DualDiagnosisPolicy, __package__, "dual_diagnosis")
    if len(found) > 1:
        other = next(name for name in found if name != "dual-diagnosis")
        raise DataFileInvalid(other, 1, "name the file dual-diagnosis, so that it replaces ours")
    return found["dual-diagnosis"]


policy()  # read at once, so that a policy that cannot be used keeps the service from starting
