"""Forgetting: what was kept for its time is deleted, pictures with their files. Open alerts are never deleted.

Work is done in batches with a budget of time; what is left is done by the next sweep. Sweeping twice is sweeping once.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from alerts import flapping, foreign, images, replays
from alerts.enums import FINAL
from alerts.incoming import seen
from alerts.models import Alert, AlertEvent, AlertGroup, Report, Silence
from alerts.noise import making
from notifications.models import Notification
from sentinel_site.lib import ids

BATCH: Final = 1000
BUDGET_SECONDS: Final = 40.0
"""Below the queue's time limit for one task."""
ORPHAN_AGE: Final = timedelta(hours=1)
"""A file this young may belong to an alert that is about to name it."""
FAILED: Final = "failed"
logger = logging.getLogger(__name__)


def sweep(*, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> Counter[str]:
    """Delete everything whose time is over, and return how many of each. One kind that fails does not keep the others.

    How many kinds failed stands under FAILED.
    """
    ends = time.monotonic() + budget_seconds
    done: Counter[str] = Counter()
    for name, delete in STEPS.items():
        try:
            count = BATCH
            while count == BATCH and time.monotonic() < ends:
                count = delete(at)
                done[name] += count
        except Exception:  # the next sweep tries again
            logger.exception("retention of %s failed", name)
            done[FAILED] += 1
    return done


def _reports(at: datetime) -> int:
    """Raw reports, whatever became of their alerts. Their ids are born with them, so the primary key narrows the search."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_REPORTS_DAYS)
    old = Report.objects.filter(pk__lt=ids.floor(cutoff), received_at__lt=cutoff).order_by("pk")
    found = list(old.values_list("pk", flat=True)[:BATCH])
    Report.objects.filter(pk__in=found).delete()
    return len(found)


def _events(at: datetime) -> int:
    """Live events, oldest first. The newest one stays: it tells a reader that comes back how far the feed is."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_EVENTS_DAYS)
    newest = AlertEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    first = AlertEvent.objects.filter(pk__lt=newest or 0).order_by("pk").values_list("pk", "at")[:BATCH]
    found = [pk for pk, happened_at in first if happened_at < cutoff]
    AlertEvent.objects.filter(pk__in=found).delete()
    return len(found)


def _pictures(at: datetime) -> int:
    """Pictures of alerts raised too long ago, open or not. The file goes first: a name without a file is tried again."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_IMAGES_DAYS)
    old = Alert.objects.filter(pk__lt=ids.floor(cutoff), created_at__lt=cutoff).exclude(image="").order_by("pk")
    gone = [pk for pk, name in old.values_list("pk", "image")[:BATCH] if _removed(name)]
    Alert.objects.filter(pk__in=gone).update(image="")
    return len(gone)


def _closed_alerts(at: datetime) -> int:
    """Alerts closed too long ago, with their record, their messages and their pictures."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_ALERTS_DAYS)
    old = Alert.objects.filter(pk__lt=ids.floor(cutoff), status__in=FINAL, closed_at__lt=cutoff).order_by("pk")
    gone = [pk for pk, name in old.values_list("pk", "image")[:BATCH] if not name or _removed(name)]
    with transaction.atomic():
        Alert.objects.filter(pk__in=gone).delete()
        Notification.objects.filter(thread__in=[f"alert:{pk}" for pk in gone]).delete()
    return len(gone)


def _groups(at: datetime) -> int:
    """Groups that closed long ago and whose alerts are all gone, with their bundled messages."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_ALERTS_DAYS)
    found = list(AlertGroup.objects.filter(closes_at__lt=cutoff, alerts=None).values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        AlertGroup.objects.filter(pk__in=found).delete()
        Notification.objects.filter(thread__in=[f"group:{pk}" for pk in found]).delete()
    return len(found)


def _orphans(at: datetime) -> int:
    """Files that no alert names: left by a process that died between the file and the row, or half written."""
    oldest = (at - ORPHAN_AGE).timestamp()
    files = {name for name, changed in _files() if changed < oldest}
    if files:
        files -= set(Alert.objects.exclude(image="").values_list("image", flat=True))
    return sum(_removed(name) for name in sorted(files))


def _files() -> Iterator[tuple[str, float]]:
    """Every file under the pictures' directory: its name as an alert has it, and when it was written."""
    root = Path(settings.MEDIA_ROOT)
    for folder, _, names in os.walk(root / "alerts"):
        for name in names:
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), path.lstat().st_mtime


def _removed(name: str) -> bool:
    """Delete the picture's file. False, and a line in the log, when that cannot be done."""
    try:
        images.remove(name)
    except (OSError, ValueError):
        logger.exception("the picture %s cannot be deleted", name)
        return False
    return True


def _foreign(at: datetime) -> int:
    """What other monitoring systems said of activities that are over for long."""
    return foreign.forget(at=at, limit=BATCH)


def _flapping(at: datetime) -> int:
    """What flapped and is calm for long."""
    return flapping.forget(before=at - timedelta(days=settings.SENTINEL_KEEP_ALERTS_DAYS), limit=BATCH)


def _seen(at: datetime) -> int:
    """Names of messages that are too old to come again."""
    return seen.forget(at=at, limit=BATCH)


def _replays(at: datetime) -> int:
    """Replays that people asked for long ago."""
    return replays.forget(at=at, limit=BATCH)


def _noise(at: datetime) -> int:
    """Noise reports of long ago."""
    return making.forget(at=at, limit=BATCH)


def _silences(at: datetime) -> int:
    """Silences that are over for so long, with what they held back."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_ALERTS_DAYS)
    found = list(Silence.objects.filter(ends_at__lt=cutoff).order_by("ends_at").values_list("pk", flat=True)[:BATCH])
    Silence.objects.filter(pk__in=found).delete()
    return len(found)


STEPS: Final[dict[str, Callable[[datetime], int]]] = {
    "reports": _reports, "events": _events, "pictures": _pictures, "alerts": _closed_alerts, "groups": _groups, "orphans": _orphans,
    "foreign": _foreign, "silences": _silences, "seen": _seen, "replays": _replays, "flapping": _flapping, "noise": _noise,
}  # fmt: skip
