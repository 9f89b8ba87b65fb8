"""Mail that comes back."""

from uuid import UUID

from stepwell.runtime.mail import returned

SECRET = "whsec_" + "c2VjcmV0IG9mIHRlc3Rz"


def notification_of(mail: UUID, status: str = "5.1.1", action: str = "failed") -> bytes:
    """That a mail of ours did not arrive."""
    path = f"returned+{mail.hex}@example.test"
    return returned(path, "ana@example.test", status, action).encode()
