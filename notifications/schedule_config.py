"""On-call schedules, their overrides and their shifts as REST writes and shows them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from notifications import duty, oncall, public_holidays
from notifications.enums import HolidayRule, RotationKind
from notifications.models import OnCallOverride, OnCallSchedule, Recipient, Rotation, RotationMember
from notifications.models.oncall import MAX_LENGTH
from notifications.people import Zone
from sentinel_site.lib.crud import STRICT, unknown
from sentinel_site.lib.problems import invalid

MAX_LAYERS, MAX_MEMBERS = 20, 200
MAX_RANGE: Final = timedelta(days=366)
LOOK_AHEAD: Final = timedelta(days=62)
"""How far ahead the next shift is looked for when nobody is on call."""


def _minutes(at: time | None) -> time | None:
    if at is not None and (at.tzinfo is not None or at.second or at.microsecond):
        raise ValueError("is a time of day in its own zone, in hours and minutes, for example 09:00")
    return at


def _near(value: date) -> date:
    if not 2000 <= value.year <= 2100:
        raise ValueError("lies outside of the years 2000 to 2100")
    return value


WallTime = Annotated[time, AfterValidator(_minutes)]
MaybeWallTime = Annotated[time | None, AfterValidator(_minutes)]
Day = Annotated[date, AfterValidator(_near)]
Instant = Annotated[AwareDatetime, AfterValidator(_near)]
Weekday = Annotated[int, Field(ge=0, le=6, description="0: Monday")]


class LayerForm(BaseModel):
    """A rotation: ``members`` take turns of ``length`` hours, days, weeks or working days. Outside of its limits lower layers count."""

    model_config = STRICT

    name: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
    kind: RotationKind = RotationKind.WEEKLY
    length: Annotated[int, Field(ge=1, le=MAX_LENGTH)] = 1
    handoff_time: WallTime = time(9)
    handoff_weekday: Weekday = 0
    starts_on: Day
    members: Annotated[list[UUID], Field(max_length=MAX_MEMBERS)] = Field(default_factory=list)
    hours_from: MaybeWallTime = None
    hours_until: MaybeWallTime = None
    weekdays: Annotated[list[Weekday], Field(max_length=7)] = Field(default_factory=list)
    holidays: HolidayRule = HolidayRule.ANY
    holiday_country: Annotated[str | None, StringConstraints(max_length=12, pattern=r"^[A-Z]{2,4}(-[A-Z0-9]{1,6})?$")] = None

    @model_validator(mode="after")
    def _whole(self) -> "LayerForm":
        if (self.hours_from is None) != (self.hours_until is None):
            raise ValueError("hours_from and hours_until belong together: send both or neither")
        if self.holidays != HolidayRule.ANY and not self.holiday_country:
            raise ValueError("holidays needs holiday_country, for example FR or DE-BY")
        return self


class ScheduleForm(BaseModel):
    """An on-call schedule: layers in their order, of which the later ones win. PATCH with ``layers`` replaces all of them."""

    model_config = STRICT

    name: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    time_zone: Zone = Field(default_factory=lambda: settings.TIME_ZONE)
    handoff_notices: bool = True
    layers: Annotated[list[LayerForm], Field(max_length=MAX_LAYERS)] = Field(default_factory=list)


class ScheduleShape(ScheduleForm):
    """An on-call schedule."""

    id: str


class OverrideForm(BaseModel):
    """Somebody who is on call whatever the layers say; of two at one time the one made later wins."""

    model_config = STRICT

    starts_at: Instant
    ends_at: Instant
    recipient: UUID


class OverrideShape(BaseModel):
    """An override."""

    id: str
    starts_at: str
    ends_at: str
    recipient: str


class ShiftShape(BaseModel):
    """One person on call without a break; ``layer`` null: an override."""

    starts_at: str
    ends_at: str
    recipient: str
    layer: str | None


class Shifts(BaseModel):
    """Shifts, whole, in order; a shift that begins before the range or ends after it is part of the answer."""

    items: list[ShiftShape]


class OnCall(BaseModel):
    """Who is on call at an instant, and until when that stays so; null: nothing is planned for the next two months."""

    recipients: list[str]
    until: str | None


def schedules() -> QuerySet[OnCallSchedule]:
    """Schedules with what describing them needs."""
    return duty.schedules()


def describe_schedule(schedule: OnCallSchedule) -> dict[str, Any]:
    """A schedule as api.md shows it."""
    return {
        "id": str(schedule.pk),
        "name": schedule.name,
        "time_zone": schedule.time_zone,
        "handoff_notices": schedule.handoff_notices,
        "layers": [_describe_layer(layer) for layer in schedule.rotations.all()],
    }


def save_schedule(schedule: OnCallSchedule, form: ScheduleForm, _by: User) -> None:
    """Write ``form`` onto ``schedule``; its layers are replaced. Raises a 422 Problem for a member or a country that is not there."""
    _check(form.layers)
    schedule.name, schedule.time_zone, schedule.handoff_notices = form.name, form.time_zone, form.handoff_notices
    schedule.full_clean()
    schedule.save()
    schedule.rotations.all().delete()
    for position, layer in enumerate(form.layers, start=1):
        fields = layer.model_dump(exclude={"members", "holidays", "holiday_country", "weekdays"})
        rotation = Rotation.objects.create(
            schedule=schedule, position=position, weekdays=sorted(set(layer.weekdays)), holiday_rule=layer.holidays,
            holiday_country=layer.holiday_country or "", **fields,
        )  # fmt: skip
        RotationMember.objects.bulk_create(
            RotationMember(rotation=rotation, recipient_id=member, position=place) for place, member in enumerate(layer.members)
        )


def describe_override(override: OnCallOverride) -> dict[str, Any]:
    """An override as api.md shows it."""
    return {
        "id": str(override.pk),
        "starts_at": instant(override.starts_at),
        "ends_at": instant(override.ends_at),
        "recipient": str(override.recipient_id),
    }


def save_override(override: OnCallOverride, form: OverrideForm) -> None:
    """Write ``form`` onto ``override``. Raises a 422 Problem for what cannot be."""
    if form.ends_at <= form.starts_at:
        raise invalid([(("body", "ends_at"), "must be after starts_at")])
    if form.ends_at - form.starts_at > MAX_RANGE:
        raise invalid([(("body", "ends_at"), "is more than a year after starts_at; change the layers instead")])
    if not Recipient.objects.filter(pk=form.recipient).exists():
        raise unknown(["recipient"], f"no recipient has the id {form.recipient}; see /api/v1/recipients")
    override.starts_at, override.ends_at, override.recipient_id = form.starts_at, form.ends_at, form.recipient
    override.save()


def on_call(schedule: OnCallSchedule, *, at: datetime) -> dict[str, Any]:
    """Who is on call in ``schedule`` at ``at``."""
    value = duty.read([schedule], since=at, until=at + LOOK_AHEAD)[str(schedule.pk)]
    shift = oncall.who_is_on_call(value, at)
    if shift is not None:
        return {"recipients": [shift.recipient], "until": instant(shift.ends_at)}
    following = oncall.shifts_between(value, at, at + LOOK_AHEAD)
    return {"recipients": [], "until": instant(following[0].starts_at) if following else None}


def shifts(schedule: OnCallSchedule, *, since: datetime, until: datetime) -> dict[str, Any]:
    """The shifts of ``schedule`` that touch ``since`` … ``until``. Raises a 422 Problem for a range that is none, or longer than a year."""
    if not since < until <= since + MAX_RANGE:
        raise invalid([(("query", "until"), f"must be after since, and at most {MAX_RANGE.days} days after it")])
    value = duty.read([schedule], since=since, until=until)[str(schedule.pk)]
    return {"items": [describe_shift(shift) for shift in oncall.shifts_between(value, since, until)]}


def describe_shift(shift: oncall.Shift) -> dict[str, Any]:
    """A shift as api.md shows it."""
    return {
        "starts_at": instant(shift.starts_at),
        "ends_at": instant(shift.ends_at),
        "recipient": shift.recipient,
        "layer": shift.layer,
    }


def instant(at: datetime) -> str:
    """``at`` in UTC with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _describe_layer(layer: Rotation) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": layer.kind,
        "length": layer.length,
        "handoff_time": f"{layer.handoff_time:%H:%M}",
        "handoff_weekday": layer.handoff_weekday,
        "starts_on": layer.starts_on.isoformat(),
        "members": [str(member.recipient_id) for member in layer.members.all()],
        "hours_from": f"{layer.hours_from:%H:%M}" if layer.hours_from else None,
        "hours_until": f"{layer.hours_until:%H:%M}" if layer.hours_until else None,
        "weekdays": list(layer.weekdays),
        "holidays": layer.holiday_rule,
        "holiday_country": layer.holiday_country or None,
    }


def _check(layers: Sequence[LayerForm]) -> None:
    known = Recipient.objects.in_bulk({member for layer in layers for member in layer.members})
    for number, layer in enumerate(layers):
        for place, member in enumerate(layer.members):
            if member not in known:
                raise unknown(["layers", number, "members", place], f"no recipient has the id {member}; see /api/v1/recipients")
        if layer.holiday_country and not public_holidays.is_known(layer.holiday_country):
            raise unknown(["layers", number, "holiday_country"], "is no country or part of one with a calendar, for example FR or DE-BY")
