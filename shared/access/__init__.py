"""Who may do what: OIDC access tokens, roles, and the sites a caller may see."""

from shared.access.caller import Caller
from shared.access.roles import Role

__all__ = ["Caller", "Role"]
