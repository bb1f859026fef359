"""What the linter says: one thing that will not work as its author meant, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_noop


class Level(StrEnum):
    """How bad it is, the worst first."""

    ERROR = gettext_noop("error")
    """Somebody will not be told who should be."""
    WARNING = gettext_noop("warning")
    """Something does not do what it was made for."""
    NOTICE = gettext_noop("notice")
    """Worth a look; it may be meant."""


LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Thing:
    """A row that a finding is about: ``kind`` is app and model, as in ``alerts.route``."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` names the kind of mistake, ``text`` says it, ``fix`` says what to do. The first of ``about`` is the one to change."""

    code: str
    level: Level
    text: str
    fix: str
    about: tuple[Thing, ...] = ()

    def concerns(self, row: Model) -> bool:
        """Whether ``row`` is among the things it is about."""
        return any((thing.kind, thing.id) == (kind_of(row), str(row.pk)) for thing in self.about)


def kind_of(row: Model) -> str:
    """The app and the model of ``row``."""
    return f"{row._meta.app_label}.{row._meta.model_name}"


def things(*rows: Model) -> tuple[Thing, ...]:
    """``rows`` as a finding names them."""
    return tuple(Thing(kind_of(row), str(row.pk), str(row)[:200]) for row in rows)


def in_order(found: Sequence[Finding]) -> list[Finding]:
    """The worst first, otherwise as they came."""
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


def describe(finding: Finding) -> dict[str, Any]:
    """``finding`` as api.md answers it."""
    about = [{"kind": thing.kind.partition(".")[2], "id": thing.id, "name": thing.name} for thing in finding.about]
    return {"code": finding.code, "level": finding.level.value, "text": finding.text, "fix": finding.fix, "about": about}
