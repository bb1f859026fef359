"""What a row is called: in the reader's language where it is shown, in English where it is kept or given to programs."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import translation

from alerts.models import PolicyStep
from notifications.models import ContactMethod, Notification
from sentinel_site.lib import english
from tests.factories import make_method, make_recipient
from tests.site.test_admin_french import OURS, SAME

VALUES = {
    models.DateTimeField: datetime(2026, 3, 2, 14, 5, tzinfo=UTC), models.DateField: date(2026, 3, 2), models.TimeField: time(14, 5),
    models.BooleanField: False, models.IntegerField: 4711, models.FloatField: 47.11, models.CharField: "§1", models.TextField: "§1",
    models.UUIDField: UUID(int=0), models.JSONField: {}, ArrayField: [],
}  # fmt: skip
"""What fields hold, without a letter: every word that is left is Sentinel's own."""
CODES = re.compile(r"\b(en|fr|HTML|UTC|snt)(?![a-z])")
SHOWN = sorted({model for model, _ in OURS} | {each.model for _, owner in OURS for each in owner.inlines}, key=lambda model: model.__name__)


def value(field: Any, *, deep: int) -> Any:
    """Something for ``field``; for another row one that is stored nowhere."""
    if field.choices:
        return next(each for each, _ in field.flatchoices)
    if field.is_relation:
        return filled(field.related_model, deep=deep - 1) if deep else None
    return next((each for kind, each in VALUES.items() if isinstance(field, kind)), field.get_default())


def filled(model: type[models.Model], *, deep: int = 2, **given: Any) -> models.Model:
    """A row of ``model``, stored nowhere, with something in every field."""
    fields = [field for field in model._meta.concrete_fields if field.name not in given and field.name != "content_type"]
    return model(**{field.name: value(field, deep=deep) for field in fields if not field.primary_key or not field.is_relation}, **given)


def variants(model: type[models.Model]) -> Iterator[models.Model]:
    """Rows of ``model`` in which each choice is made once, and each field that may be empty or off is so once."""
    yield filled(model)
    for field in model._meta.concrete_fields:
        if field.choices:
            yield from (filled(model, **{field.name: each}) for each, _ in field.flatchoices)
        elif isinstance(field, models.BooleanField):
            yield filled(model, **{field.name: True})
        elif field.blank and not field.primary_key:
            yield filled(model, **{field.name: None if field.null else field.get_default()})


def words(row: models.Model, language: str) -> set[str]:
    with translation.override(language):
        return set(re.findall(r"[^\W\d_]{2,}", CODES.sub("", str(row))))


@pytest.mark.django_db
@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_what_a_row_is_called_is_french_where_it_is_shown(model):
    both = {word for row in variants(model) for word in words(row, "en") & words(row, "fr")}

    assert {word for word in both if word[:1].upper() + word[1:] not in SAME} == set()


@pytest.mark.django_db
def test_what_a_row_is_called_is_english_where_it_is_kept():
    told = Notification(reason="first", recipient=make_recipient())

    with translation.override("fr"):
        said = str(told), english.text(told), str(PolicyStep(delay_seconds=300))

    assert said == ("Premier avis à Robin Vale", "First notice to Robin Vale", "après 300 s")


@pytest.mark.django_db
def test_what_the_admin_writes_down_of_itself_is_english(rf, admin_user):
    method = make_method(make_recipient(), kind="voice", address="+33612345678")
    request = rf.post("/")
    request.user = admin_user

    with translation.override("fr"):
        site.get_model_admin(ContactMethod).log_change(request, method, "Changed.")

    assert (LogEntry.objects.get().object_repr, str(method)) == ("Voice call +33…78", "Voice call +33…78")
