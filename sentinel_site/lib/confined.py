"""Asking programs of their own what is in files of strangers: few at once, not for long, and with nothing of ours.

`confining.py` is their side of it.
"""

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

AT_ONCE: Final = 2
"""Each may take a core and half a gigabyte."""
WAIT_SECONDS: Final = 10.0
_places: Final = threading.BoundedSemaphore(AT_ONCE)


class Unanswered(Exception):
    """There is no answer; the text, in the reader's language, says why and what to do. Empty: it took too long or too much memory."""


def run(module: str, *words: str, given: bytes, seconds: float, wait_seconds: float = WAIT_SECONDS) -> bytes:
    """What the program ``module`` answers to ``given``. It sees no setting of ours, and its files go with it.

    Raises Unanswered where it refuses, is killed, or finds no place to run for ``wait_seconds``.
    """
    if not _places.acquire(timeout=wait_seconds):
        raise Unanswered(_("Too many files are being read or written. Try again in a moment."))
    try:
        with tempfile.TemporaryDirectory(prefix="sentinel-") as place:  # a program that is killed takes nothing away itself
            answer = subprocess.run(
                [sys.executable, "-m", module, *words], input=given, capture_output=True, timeout=seconds, check=True,
                cwd=Path(settings.BASE_DIR), env={"PATH": "", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore", "TMPDIR": place},
            ).stdout  # fmt: skip
    except subprocess.SubprocessError:
        raise Unanswered from None
    finally:
        _places.release()
    if answer.startswith(b'{"error"'):
        refused = json.loads(answer)
        raise Unanswered(_(refused["error"]) % refused["values"])
    return answer
