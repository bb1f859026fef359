"""A mail backend that writes each message to a file of its own; used when no mail server is set up."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Writes ``<Message-ID>.eml`` under EMAIL_FILE_PATH, readable by any mail program. The same message has the same name."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write all; returns how many."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for email_message in email_messages:
            message = email_message.message()
            path = folder / (re.sub(r"[^A-Za-z0-9.@-]", "", str(message["Message-ID"]))[:150] + ".eml")
            draft = path.with_suffix(".part")
            draft.touch(mode=0o600)  # it holds an answer link
            draft.write_bytes(message.as_bytes())
            os.replace(draft, path)
        return len(email_messages)
