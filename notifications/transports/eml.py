"""A mail backend that writes each message to a file of its own; used when no mail server is set up."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import Message
from email.utils import parseaddr
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.text import slugify


class EmailBackend(BaseEmailBackend):
    """Writes each message under EMAIL_FILE_PATH, readable by any mail program. The same message has the same name."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write all; returns how many."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for email_message in email_messages:
            message = email_message.message()
            path = folder / name_of(message, str(email_message.subject))
            draft = path.with_suffix(".part")
            draft.touch(mode=0o600)  # it holds an answer link
            draft.write_bytes(message.as_bytes())
            os.replace(draft, path)
        return len(email_messages)


def name_of(message: Message, subject: str) -> str:
    """The name of the file for ``message``: when, to whom, about what, and the delivery's id; in this order, so that a list is one of time.

    All of it follows from the delivery, so that a message that is sent again replaces its file. In UTC.
    """
    key = re.sub(r"[^A-Za-z0-9.-]", "", str(message["Message-ID"]).partition("@")[0])[:100]
    recipient = re.sub(r"[^A-Za-z0-9.-]", "", parseaddr(str(message["To"]))[1].partition("@")[0])[:40]
    return "_".join(part for part in (_born(key), recipient, slugify(subject)[:60].strip("-"), key) if part) + ".eml"


def _born(key: str) -> str:
    """When the delivery with this id (a UUIDv7) was made; "" for any other."""
    try:
        born = UUID(key)
    except ValueError:
        return ""
    return f"{datetime.fromtimestamp((born.int >> 80) / 1000, UTC):%Y%m%d-%H%M%S}" if born.version == 7 else ""
