"""A mail server that delivers nothing: it keeps every message as a readable file.

Each message is one `.eml` file in the folder, named by the order of arrival.
"""

import email
import email.policy
import itertools
from email.message import EmailMessage
from pathlib import Path
from typing import Any


class MailFolder:
    """The messages received so far; also the handler that aiosmtpd calls for each one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        taken = [int(path.stem) for path in folder.glob("*.eml") if path.stem.isdecimal()]
        self._numbers = itertools.count(max(taken, default=0) + 1)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the message. The file appears complete or not at all."""
        path = self.folder / f"{next(self._numbers):06}.eml"
        draft = path.with_suffix(".part")
        draft.write_bytes(envelope.original_content or envelope.content)
        draft.chmod(0o600)
        draft.replace(path)
        return "250 Message kept"

    def messages(self) -> list[EmailMessage]:
        """All messages, the oldest first."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.folder.glob("*.eml"))
        ]

    def newest(self, count: int) -> list[EmailMessage]:
        """The last messages, the oldest of them first."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.folder.glob("*.eml"))[-count:]
        ]

    def forget(self) -> None:
        """Throw all messages away."""
        for path in self.folder.glob("*.eml"):
            path.unlink()
