"""Recipients and groups as REST writes and shows them."""

from datetime import time
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from notifications.models import Recipient, RecipientGroup
from sentinel_site.lib.crud import STRICT, unknown

LANGUAGES = tuple(code for code, _ in settings.LANGUAGES)


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"is not a language of this site; use one of {', '.join(LANGUAGES)}")
    return code


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone; write an IANA name, for example Europe/Paris")
    return name


def _plain_time(at: time | None) -> time | None:
    if at is not None and at.tzinfo is not None:
        raise ValueError("is a time of the recipient's own zone; write it without a zone, for example 22:00")
    return at


Slug = Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]+$", max_length=60)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Zone = Annotated[str, AfterValidator(_time_zone)]
WallTime = Annotated[time | None, AfterValidator(_plain_time)]


class RecipientForm(BaseModel):
    """A person who can be told. ``user`` is the user name of that person's sign-in."""

    model_config = STRICT

    name: Name
    user: str | None = None
    language: Annotated[str, AfterValidator(_language)] = "en"
    time_zone: Zone = Field(default_factory=lambda: settings.TIME_ZONE)
    quiet_from: WallTime = None
    quiet_until: WallTime = None
    active: bool = True

    @model_validator(mode="after")
    def _both_or_none(self) -> "RecipientForm":
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until belong together: send both or neither")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet_from and quiet_until are the same time: quiet hours have an end")
        return self


class RecipientShape(RecipientForm):
    """A recipient."""

    id: str


class GroupForm(BaseModel):
    """People who are told together."""

    model_config = STRICT

    slug: Slug
    name: Annotated[str, StringConstraints(max_length=120)] = ""
    members: Annotated[list[UUID], Field(max_length=1000)] = Field(default_factory=list)


class GroupShape(GroupForm):
    """A recipient group."""

    id: str


def recipients() -> QuerySet[Recipient]:
    """Recipients with what describing them needs."""
    return Recipient.objects.select_related("user")


def describe_recipient(recipient: Recipient) -> dict[str, Any]:
    """A recipient as api.md shows it."""
    return {
        "id": str(recipient.pk),
        "name": recipient.name,
        "user": recipient.user.get_username() if recipient.user else None,
        "language": recipient.language,
        "time_zone": recipient.time_zone,
        "quiet_from": recipient.quiet_from.isoformat() if recipient.quiet_from else None,
        "quiet_until": recipient.quiet_until.isoformat() if recipient.quiet_until else None,
        "active": recipient.active,
    }


def save_recipient(recipient: Recipient, form: RecipientForm, _by: User) -> None:
    """Write ``form`` onto ``recipient``. Raises a 422 Problem for a user who is not there."""
    user = None if form.user is None else User.objects.filter(username=form.user).first()
    if user is None and form.user is not None:
        raise unknown(["user"], f"no user is called {form.user[:80]!r}")
    for name, value in form.model_dump(exclude={"user"}).items():
        setattr(recipient, name, value)
    recipient.user = user
    recipient.full_clean()
    recipient.save()


def groups() -> QuerySet[RecipientGroup]:
    """Groups with what describing them needs."""
    return RecipientGroup.objects.prefetch_related("members")


def describe_group(group: RecipientGroup) -> dict[str, Any]:
    """A recipient group as api.md shows it."""
    members = sorted(str(member.pk) for member in group.members.all())
    return {"id": str(group.pk), "slug": group.slug, "name": group.name, "members": members}


def save_group(group: RecipientGroup, form: GroupForm, _by: User) -> None:
    """Write ``form`` onto ``group``. Raises a 422 Problem for a recipient who is not there."""
    members = Recipient.objects.in_bulk(form.members)
    for place, pk in enumerate(form.members):
        if pk not in members:
            raise unknown(["members", place], f"no recipient has the id {pk}; see /api/v1/recipients")
    group.slug, group.name = form.slug, form.name.strip() or form.slug
    group.full_clean()
    group.save()
    group.members.set(members.values())
