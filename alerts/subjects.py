"""What silences and inhibitions are asked about, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts import routing
from alerts.models import Alert


@dataclass(frozen=True, slots=True)
class Subject:
    """An alert on which no life depends, and the labels that matchers see of it."""

    alert: Alert
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """One reason to hold an alert back, as api.md's ``suppressed_by`` lists it, and when to ask again."""

    reason: dict[str, Any]
    until: datetime


def labels_of(alert: Alert) -> dict[str, str]:
    """What matchers see of an alert."""
    return routing.labels_of(
        source=alert.source.slug, type=alert.type, severity=alert.severity, subject=alert.subject, labels=alert.labels
    )  # fmt: skip
