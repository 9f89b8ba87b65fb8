"""The words by which messages are told apart."""

from typing import Annotated

from pydantic import Field

Kind = Annotated[
    str, Field(pattern="^[a-z][a-z0-9_]*$", max_length=60, examples=["session_reminder"])
]
"""Why a message is sent to a client: the kinds of the rules in force, which are data."""
STAFF_ALERT = "staff_alert"
"""The kind of every message to staff."""
