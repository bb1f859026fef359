"""Changes of the configuration that are only supposed: the bodies with which REST would make them, as rows that nobody stores."""

from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Model
from pydantic import BaseModel, Field

from alerts import config
from alerts.config import RouteForm, SilenceForm, SourceForm
from alerts.inhibition_config import InhibitionForm
from alerts.models import Inhibition, MaintenanceWindow, Route, Silence, Source
from alerts.supposing import Changed
from alerts.window_config import WindowForm
from sentinel_site.lib import cron, english, problems
from sentinel_site.lib.crud import STRICT, unknown

MANY: Final = 20
"""So many changes of a kind are supposed at once."""
MOST_OCCURRENCES: Final = 2000
Row = TypeVar("Row", bound=Model)


class RouteChangeIn(RouteForm):
    """A route as it would be. ``id``: of the stored one that it replaces; null: a new one."""

    id: Annotated[int | None, Field(ge=1)] = None


class SilenceChangeIn(SilenceForm):
    """A silence as it would have been. ``id``: of the stored one that it replaces; null: a new one."""

    id: UUID | None = None


class InhibitionChangeIn(InhibitionForm):
    """An inhibition as it would be. ``id``: of the stored one that it replaces; null: a new one."""

    id: Annotated[int | None, Field(ge=1)] = None


class Changes(BaseModel):
    """What would be different from today. To take a route, an inhibition or a source away, send it with ``enabled`` false.

    A source replaces the stored one of its slug. Maintenance windows are added: they silence as often as they would have come.
    """

    model_config = STRICT

    routes: Annotated[list[RouteChangeIn], Field(max_length=MANY)] = Field(default_factory=list)
    silences: Annotated[list[SilenceChangeIn], Field(max_length=MANY)] = Field(default_factory=list)
    inhibitions: Annotated[list[InhibitionChangeIn], Field(max_length=MANY)] = Field(default_factory=list)
    sources: Annotated[list[SourceForm], Field(max_length=MANY)] = Field(default_factory=list)
    windows: Annotated[list[WindowForm], Field(max_length=MANY)] = Field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.routes, self.silences, self.inhibitions, self.sources, self.windows))


def changed(changes: Changes, *, since: datetime, until: datetime) -> Changed:
    """``changes`` as rows, for what came from ``since`` to ``until``. Stores nothing. Raises a 422 Problem for what could not be stored."""
    made: list[Silence] = []
    for place, form in enumerate(changes.windows):
        made += _window(form, place, since=since, until=until, most=MOST_OCCURRENCES - len(made))
    silences = [_filled(_stored(Silence, form.id, "silences", place), form) for place, form in enumerate(changes.silences)]
    return Changed(
        routes=[_route(form, place) for place, form in enumerate(changes.routes)],
        sources=[_source(form) for form in changes.sources],
        silences=[*silences, *made],
        inhibitions=[_filled(_stored(Inhibition, form.id, "inhibitions", n), form) for n, form in enumerate(changes.inhibitions)],
    )


def _route(form: RouteChangeIn, place: int) -> Route:
    route = _stored(Route, form.id, "routes", place)
    config.fill_route(route, form)
    route.full_clean()
    return route


def _source(form: SourceForm) -> Source:
    source = Source.objects.filter(slug=form.slug).first() or Source()
    config.fill_source(source, form)
    source.full_clean()
    return source


def _window(form: WindowForm, place: int, *, since: datetime, until: datetime, most: int) -> list[Silence]:
    """The silences that it would have made, ``most`` at the most. Raises a 422 Problem when they are too many to suppose."""
    window = _filled(MaintenanceWindow(), form)
    begins = cron.between(window.expression, since - window.lasts, until, ZoneInfo(window.time_zone)) if window.enabled else iter(())
    found = list(islice(begins, most + 1))
    if len(found) > most:
        text = f"would have run, with those before it, more than {MOST_OCCURRENCES} times in that stretch; ask for a shorter one"
        raise problems.invalid([(("body", "changes", "windows", place), text)])
    return [Silence(matchers=window.matchers, reason=window.reason, starts_at=each, ends_at=each + window.lasts) for each in found]


def _filled(row: Row, form: BaseModel) -> Row:
    for name, value in form.model_dump(exclude={"id"}).items():
        setattr(row, name, value)
    row.full_clean()
    return row


def _stored(model: type[Row], pk: Any, *place: str | int) -> Row:
    """The row that is to be replaced; a new one when none is named. Raises a 422 Problem when there is no such row."""
    if pk is None:
        return model()
    found = model._default_manager.filter(pk=pk).first()
    if found is None:
        raise unknown(
            ["changes", *place, "id"], f"there is no {english.text(model._meta.verbose_name)} {pk}; leave the id out for a new one"
        )
    return found
