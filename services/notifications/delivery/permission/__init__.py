"""What each kind of message needs of a consent: data with a version, checked when it is read."""

from functools import cache
from typing import Annotated, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifications.consents.rules import Purpose
from services.notifications.delivery.vocabulary import Kind
from shared.contracts.intake import Token
from shared.datafiles import read_all

NAME = "contact-permission"


class PermissionPolicy(BaseModel):
    """By kind of message: the uses that allow it, and what goes out without more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Token
    version: Token
    source: str
    uses: dict[Kind, Annotated[tuple[Token, ...], Field(min_length=1)]]
    without_consent: tuple[Kind, ...]
    on_hold: tuple[Kind, ...]

    @model_validator(mode="after")
    def speaks_of_every_kind(self) -> Self:
        if missing := sorted(set(get_args(Kind)) - set(self.uses)):
            raise ValueError(f"uses does not speak of {', '.join(missing)}")
        return self

    def purpose(self, kind: Kind, way: str | None) -> Purpose:
        """What a message of `kind` needs that would take `way`."""
        return Purpose(way, frozenset(self.uses[kind]), kind in self.without_consent)


@cache
def permission_policy() -> PermissionPolicy:
    """The policy in force."""
    return read_all(PermissionPolicy, __package__, NAME)[NAME]


permission_policy()  # read at once: a file that cannot decide keeps the service from starting
