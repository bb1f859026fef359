"""The SD card of a simulated meter: a tree of files whose contents are written when somebody reads them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

TOTAL_MB: Final = 30_436
TYPE: Final = "NL-43"


@dataclass
class StoredFile:
    """A file; ``write`` makes its content the first time it is needed. ``changed_at`` is the meter's own local time."""

    changed_at: datetime
    write: Callable[[], bytes]

    @cached_property
    def content(self) -> bytes:
        """What is in it."""
        return self.write()


@dataclass
class Card:
    """Files by path, folders by path; every path begins with a slash."""

    files: dict[str, StoredFile] = field(default_factory=dict)
    folders: dict[str, datetime] = field(default_factory=dict)

    def folder(self, path: str, at: datetime) -> str:
        """Make a folder and those above it. Returns its path."""
        parts = path.strip("/").split("/")
        for number in range(1, len(parts) + 1):
            self.folders.setdefault("/" + "/".join(parts[:number]), at)
        return path

    def put(self, path: str, at: datetime, write: Callable[[], bytes]) -> None:
        """Store a file, in place of the one that was there."""
        self.folder(path.rpartition("/")[0], at)
        self.files[path] = StoredFile(at, write)

    def remove(self, path: str) -> None:
        """Remove a folder with everything in it."""
        for kept in (self.files, self.folders):
            for each in [each for each in kept if each == path or each.startswith(path + "/")]:
                del kept[each]  # type: ignore[attr-defined]

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder; the root always is."""
        return path == "/" or path in self.folders

    def children(self, path: str) -> list[str]:
        """Paths of what is directly in a folder, by name."""
        start = path.rstrip("/") + "/"
        return sorted(each for each in (*self.folders, *self.files) if each.startswith(start) and "/" not in each[len(start) :])

    @property
    def used_mb(self) -> int:
        """Room taken; contents that nobody read yet are not counted."""
        return sum(len(file.__dict__.get("content", b"")) for file in self.files.values()) // 1_000_000

    @property
    def free_mb(self) -> int:
        """Room left."""
        return TOTAL_MB - self.used_mb
