"""What a program needs that reads files of strangers with a library that is not safe with all of them: limits, and a way to refuse.

It does without Django. `confined.py` runs such programs.
"""

import json
import resource


class Refused(Exception):
    """The program does not take what it was given; the text says why and what to do, with ``values`` in its places."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.values = values

    def document(self) -> bytes:
        """As the program answers it."""
        return json.dumps({"error": str(self), "values": self.values}).encode()


def gettext_noop(text: str) -> str:
    """Marked for translation, by whoever asked."""
    return text


def confine(*, cpu_seconds: int, memory_bytes: int) -> None:
    """Be killed by limits on time and memory, from now on."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
