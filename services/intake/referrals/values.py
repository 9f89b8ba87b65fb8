"""What can be a name, an e-mail address, a phone number, a zone and a birth date."""

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
)
from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

from shared.web.texts import legible, readable
from shared.zones import is_zone


def absent_if_blank(value: object) -> object:
    """None for a text of nothing but blanks; everything else as it is."""
    blank = isinstance(value, str) and all(
        sign in "\t\n\v\f\r" or unicodedata.category(sign) == "Zs" for sign in value
    )
    return None if blank else value


def known_zone(value: str) -> str:
    """Refuse what is no IANA zone."""
    if not is_zone(value):
        raise ValueError("Not an IANA time zone, such as America/Denver.")
    return value


def mailbox(value: str) -> str:
    """Refuse what is no address of one mailbox in ASCII, as mail is sent to it.

    Also `?`: with it `=?…?=` is an encoded word, which is read as something else.
    """
    try:
        found = validate_email(
            value, check_deliverability=False, test_environment=True, allow_smtputf8=False
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    if not value.isascii() or "?" in value:
        raise ValueError("The address has a character that mail does not carry as it stands.")
    return found.ascii_email or value


def reachable_number(value: str) -> str:
    """Refuse what can be no phone number by the length that its country has.

    Whether a number is in use is not asked: the data that say so call numbers invalid that have
    been given out for a year (+1 621, +1 837 in phonenumbers 9.0.43).
    """
    try:
        number = parse(value)
    except NumberParseException:
        raise ValueError("Not a phone number, such as +13035550123.") from None
    if not is_possible_number(number):
        raise ValueError("No phone number of this country is so long or so short.")
    return format_number(number, PhoneNumberFormat.E164)


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(legible),
]
NamePart = Annotated[
    Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(legible)
    ]
    | None,
    BeforeValidator(absent_if_blank),
]
"""One of somebody's two names, where they have it. No least length is documented, as a blank one
is taken and means that it is absent."""
Email = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(mailbox),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
Phone = Annotated[
    str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"), AfterValidator(reachable_number)
]
"""E.164."""
Zone = Annotated[str, AfterValidator(known_zone)]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(readable),
]
"""A few words of staff, which stay in this service."""
ClinicalNote = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=2000,
        pattern=r"^[^\x00-\x08\x0B-\x1F\x7F]*$",
    ),
]
"""Free text of a clinician, which stays in intake; without control characters."""
