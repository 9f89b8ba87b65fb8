"""Refusals as values of the domain. `shared.web.problems` turns them into problem+json, once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, TypeVar

T = TypeVar("T")
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Between the words of a class name."""


class Refused(Exception):
    """The request is understood and cannot be carried out.

    Subclasses name the reason in the domain's words: the problem type is derived from the class
    name (`AlreadyEnrolled` becomes `already-enrolled`), and so is a title that is not given
    (`Already enrolled`). Another one is given as `class Busy(Conflict, title="Taken then")`.
    `detail` is shown to the caller and does not repeat personal data. `pointer` is a JSON pointer
    into the request body, `headers` go with the answer.
    """

    status: ClassVar[int] = 409
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(
        self, detail: str, *, pointer: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.headers = headers

    @classmethod
    def slug(cls) -> str:
        """The last part of the problem type, such as `already-enrolled`."""
        return WORDS.sub("-", cls.__name__).lower()

    def __init_subclass__(cls, title: str | None = None) -> None:
        if "title" not in cls.__dict__:
            cls.title = title or WORDS.sub(" ", cls.__name__).capitalize()


class NotFound(Refused):
    """There is no such thing, or it belongs to a site the caller may not see."""

    status = 404


class Conflict(Refused):
    """The state of things does not allow it."""

    status = 409


class Invalid(Refused):
    """The request is well formed but means something impossible."""

    status = 422
    title = "Invalid request"


class Unauthorized(Refused):
    """There is no valid access token."""

    status = 401
    title = "Access token needed"


class Forbidden(Refused):
    """The caller's role is not allowed here."""

    status = 403
    title = "Not allowed"


class ServiceUnavailable(Refused):
    """Something this service needs is away for the moment."""

    status = 503
    title = "Temporarily unavailable"


class StaleVersion(Refused):
    """Somebody else changed it since the caller read it."""

    status = 412
    title = "Changed since you read it"

    def __init__(self, detail: str, *, current: int | None = None) -> None:
        super().__init__(detail)
        self.current = current
        """The version that there is; None where that is not known."""


def require_version(current: int, expected: int) -> None:
    """Refuse an update that was made with an outdated ETag.

    Raises:
        StaleVersion: when `expected` is not the row's `current` version.
    """
    if current != expected:
        raise StaleVersion(
            "It changed since you read it: read it again and repeat the change.", current=current
        )


@contextmanager
def pointing(pointer: str, *kinds: type[Refused]) -> Iterator[None]:
    """Let refusals of these kinds, which come up in here, point at the part of the request that is
    to change; `{0.field}` in `pointer` is the field that the refusal names."""
    try:
        yield
    except kinds as refused:
        refused.pointer = pointer.format(refused)
        raise


def found(row: T | None, what: str, *, pointer: str | None = None) -> T:
    """What was looked for, such as a row.

    Raises:
        NotFound: there is none that the caller may see; `what` says of what kind, `pointer` where
            it was named.
    """
    if row is None:
        raise NotFound(f"There is no such {what}.", pointer=pointer)
    return row


def require_once(
    items: Sequence[object], twice: type[Refused], pointer: str, detail: str = "It is listed above."
) -> None:
    """Refuse a list that names one thing twice; `pointer` has `{}` for the place in the list.

    Raises:
        twice: at the second of them.
    """
    for n, item in enumerate(items):
        if item in items[:n]:
            raise twice(detail, pointer=pointer.format(n))


class UnknownReason(Invalid):
    """Not one of the reasons of the policy."""


def require_reason(reason: str | None, known: Iterable[str], pointer: str) -> None:
    """Refuse a reason that the policy does not name; none at all is for the caller to judge.

    Raises:
        UnknownReason: it names those that there are.
    """
    if reason is not None and reason not in (known := list(known)):
        raise UnknownReason(f"Give one of: {', '.join(known)}.", pointer=pointer)
