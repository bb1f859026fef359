"""Inhibitions as REST writes and shows them."""

from typing import Annotated, Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel, Field, StringConstraints

from alerts import silences as suppressions
from alerts.config import Matcher, Name
from alerts.models import Inhibition
from alerts.models.suppression import MAX_WAIT_SECONDS
from sentinel_site.lib.crud import STRICT

Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=128)]
Matchers = Annotated[list[Matcher], Field(min_length=1, max_length=20)]


class InhibitionForm(BaseModel):
    """While an alert that matches ``source_matchers`` is open, nobody is told about those that match ``target_matchers``.

    Both agree in every label of ``equal``. It never holds where lives depend, and alerts are listed all the same.
    """

    model_config = STRICT

    name: Name
    source_matchers: Matchers
    target_matchers: Matchers
    equal: Annotated[list[Label], Field(max_length=20)] = Field(default_factory=list)
    wait_seconds: Annotated[
        int, Field(ge=0, le=MAX_WAIT_SECONDS, description="How long a target waits for a source that comes second. Never a P1.")
    ] = 10
    enabled: bool = True


class InhibitionShape(InhibitionForm):
    """An inhibition, with how many alerts it held back."""

    id: str
    hits: int


def rows() -> QuerySet[Inhibition]:
    """All of them."""
    return Inhibition.objects.all()


def describe_inhibition(inhibition: Inhibition) -> dict[str, Any]:
    """An inhibition as api.md shows it."""
    names = InhibitionForm.model_fields
    return {"id": str(inhibition.pk), **{name: getattr(inhibition, name) for name in names}, "hits": inhibition.hits}


def save_inhibition(inhibition: Inhibition, form: InhibitionForm, by: User) -> None:
    """Write ``form`` onto ``inhibition``. What it no longer holds back is told at once."""
    for name, value in form.model_dump().items():
        setattr(inhibition, name, value)
    inhibition.full_clean()
    suppressions.save(inhibition, by=by, at=timezone.now())


def remove_inhibition(inhibition: Inhibition) -> None:
    """Delete it; what it held back is told at once."""
    suppressions.remove(inhibition, at=timezone.now())
