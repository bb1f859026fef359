"""Looking things up in the history of configuration, and forgetting it after its time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Model, Q, QuerySet

from sentinel_site.changes import writing
from sentinel_site.lib import configuration, ids
from sentinel_site.models import ConfigChange

VIEW: Final = "sentinel_site.view_configchange"
BATCH: Final = 1000


def visible(user: User) -> QuerySet[ConfigChange]:
    """What ``user`` may read: changes of what they may look at."""
    return ConfigChange.objects.filter(model__in=labels(user)).select_related("by")


def labels(user: User) -> list[str]:
    """The kinds of things whose changes ``user`` may read, as ``app.model``."""
    return sorted(kind.label for model, kind in configuration.kinds().items() if user.has_perm(_view(model)))


def of(row_model: type[Model], key: Any, *, user: User) -> QuerySet[ConfigChange]:
    """The changes of one row and of what belongs to it, the newest first."""
    return visible(user).filter(about__contains=[writing.about(row_model, key)]).order_by("-id")


def search(rows: QuerySet[ConfigChange], words: str) -> QuerySet[ConfigChange]:
    """Those about something, or by somebody, called like each of these words."""
    for word in words.split()[:5]:
        rows = rows.filter(Q(object_words__icontains=word) | Q(by_name__icontains=word) | Q(where__icontains=word))
    return rows


def between(rows: QuerySet[ConfigChange], since: datetime | None, until: datetime | None) -> QuerySet[ConfigChange]:
    """Those of a range of time, half of which may be open."""
    if since is not None:
        rows = rows.filter(pk__gte=ids.floor(since), at__gte=since)
    return rows if until is None else rows.filter(at__lt=until)


def forget(*, at: datetime, batches: Iterable[int] = range(50)) -> int:
    """Delete what is older than SENTINEL_KEEP_CHANGES_DAYS; returns how much. 0 days: nothing is ever deleted."""
    if settings.SENTINEL_KEEP_CHANGES_DAYS <= 0:
        return 0
    before, gone = at - timedelta(days=settings.SENTINEL_KEEP_CHANGES_DAYS), 0
    for _ in batches:
        old = ConfigChange.objects.filter(pk__lt=ids.floor(before)).order_by("pk").values_list("pk", flat=True)[:BATCH]
        count, _each = ConfigChange.objects.filter(pk__in=list(old)).delete()
        gone += count
        if count < BATCH:
            break
    return gone


def _view(model: type[Model]) -> str:
    """The permission to look at a kind of things; who sees a source sees that its secret changed."""
    return f"{model._meta.app_label}.view_{VIEWED_AS.get(model._meta.model_name or '', model._meta.model_name)}"


VIEWED_AS: Final = {"webhooksecret": "source"}
