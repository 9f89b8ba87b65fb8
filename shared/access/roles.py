"""The roles that tokens carry."""

from enum import StrEnum


class Role(StrEnum):
    """What a caller is to the clinics. A route names the roles it allows; nothing else gets in."""

    FRONT_DESK = "front_desk"
    COUNSELOR = "counselor"
    CLINICAL_LEAD = "clinical_lead"
    SITE_MANAGER = "site_manager"
    REGIONAL_OPERATIONS = "regional_operations"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    """Keeps the platform running: looks at what is under way, retries, skips and republishes."""
    SERVICE = "service"
    """One of the four services, which its token names as its subject."""
    SUBSCRIBER = "subscriber"
    """Another system that reads events: those of the topics that its token names."""
    KIOSK = "kiosk"
    """A device in the waiting room of the one site that its token names; nobody's account."""


CLINICIANS = (Role.COUNSELOR, Role.CLINICAL_LEAD)
SITE_STAFF = (Role.FRONT_DESK, *CLINICIANS, Role.SITE_MANAGER)
EVERY_STAFF_ROLE = (*SITE_STAFF, Role.REGIONAL_OPERATIONS, Role.AUDITOR)
