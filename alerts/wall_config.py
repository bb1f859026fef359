"""Wall screens as REST writes and shows them. A wall's address is answered once, to the request that made it."""

from typing import Annotated, Any, Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel, Field, StringConstraints

from alerts import describe
from alerts.config import Matcher
from alerts.enums import WallSound
from alerts.models import Wall
from alerts.models.wall import LONGEST_TURN
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.problems import invalid

ScreenName = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class WallForm(BaseModel):
    """A screen that shows open alerts without a login."""

    model_config = STRICT

    name: ScreenName
    matchers: Annotated[list[Matcher], Field(max_length=20, description="What it may show. Empty: every alert.")] = Field(
        default_factory=list
    )
    site_label: Annotated[str, StringConstraints(max_length=128)] = "site"
    rotate_seconds: Annotated[int, Field(ge=0, le=LONGEST_TURN, description="0: all sites together.")] = 20
    language: Annotated[str, StringConstraints(max_length=8), Field(description="Empty: the site's language.")] = ""
    sound: WallSound = WallSound.UNTIL_TAKEN
    names: Annotated[bool, Field(description="Show who has taken an alert by name.")] = True
    expires_at: Moment | None = None


class WallShape(WallForm):
    """A wall screen, and where it was last seen."""

    id: str
    expires_at: str | None  # type: ignore[assignment]
    state: Literal["works", "expired", "revoked"]
    created_at: str
    revoked_at: str | None
    last_seen_at: str | None
    last_seen_address: str | None


class NewWallShape(WallShape):
    """A wall screen that was just made. ``url`` opens it, and is never shown again."""

    url: str


def rows() -> QuerySet[Wall]:
    """Wall screens."""
    return Wall.objects.all()


def describe_wall(wall: Wall) -> dict[str, Any]:
    """A wall as api.md shows it. Its token is not known."""
    return {
        "id": str(wall.pk),
        "name": wall.name,
        "matchers": wall.matchers,
        "site_label": wall.site_label,
        "rotate_seconds": wall.rotate_seconds,
        "language": wall.language,
        "sound": wall.sound,
        "names": wall.names,
        "expires_at": describe.instant(wall.expires_at),
        "state": wall.state(timezone.now()),
        "created_at": describe.instant(wall.created_at),
        "revoked_at": describe.instant(wall.revoked_at),
        "last_seen_at": describe.instant(wall.last_seen_at),
        "last_seen_address": wall.last_seen_address or None,
    }


def fields_of(form: WallForm) -> dict[str, Any]:
    """The model's fields. Raises a 422 Problem for a language that there is not."""
    if form.language and form.language not in dict(settings.LANGUAGES):
        raise invalid([(("body", "language"), f"is not a language of Sentinel; use {', '.join(dict(settings.LANGUAGES))}")])
    return form.model_dump()


def save_wall(wall: Wall, form: WallForm, _by: User) -> None:
    """Write ``form`` onto a wall that is there: its screens show it within seconds."""
    for name, value in fields_of(form).items():
        setattr(wall, name, value)
    wall.full_clean()
    wall.save()
