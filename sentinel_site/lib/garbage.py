"""Python's search for garbage that refers to itself, for those who make very many objects that live as long as they do."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SELDOM: Final = 100_000
"""Objects made and not ended, between two searches: some 30 MiB at the most if all of them were garbage."""


def settle() -> None:
    """Search no more among what is alive now: code and tables that live as long as the process. To be called once it is loaded.

    Otherwise a flood has all of it searched every other second, in vain, while everybody waits: 0.13 s in the web server.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def seldom() -> Iterator[None]:
    """Within, the whole process searches after every 100,000 new objects only: each search looks at whatever is alive, in vain."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
