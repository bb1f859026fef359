"""An entry of the history in words: each field with what it was and what it is, as people call them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, Model
from django.utils import timezone
from django.utils.translation import gettext as _

from sentinel_site.lib import configuration
from sentinel_site.lib.configuration import Part
from sentinel_site.models import ConfigChange

NOTHING: Final = "–"
LISTED: Final = 3


class Line(NamedTuple):
    """One field. ``before`` and ``after`` are lines of text; None: there is no such side, for it was made or deleted."""

    field: str
    before: Sequence[str] | None
    after: Sequence[str] | None


def lines(change: ConfigChange) -> list[Line]:
    """Every field that changed, in words. Of lists of parts, only the parts that differ."""
    return list(_lines(change))


def summary(change: ConfigChange) -> str:
    """The fields that changed, in a line; nothing for what was made or deleted as a whole."""
    if change.action != ConfigChange.Action.CHANGED:
        return ""
    model = model_of(change)
    names = [_label(model, name) for name in change.changes]
    more = [_("%(count)d more") % {"count": len(names) - LISTED}] if len(names) > LISTED else []
    return ", ".join(names[:LISTED] + more)


def thing(label: str) -> str:
    """What a model is called: "escalation policy"."""
    model = _model(label)
    return str(model._meta.verbose_name) if model else label


def who(change: ConfigChange) -> str:
    """Who did it, as they are called now, or were then."""
    return (change.by.get_username() if change.by else change.by_name) or _("nobody by name")


def model_of(change: ConfigChange) -> type[Model] | None:
    """The model of what changed; None when this version has none of that name."""
    return _model(change.model)


def _model(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _lines(change: ConfigChange) -> Iterator[Line]:
    model = model_of(change)
    for name, entry in change.changes.items():
        before, after = (_said(model, name, entry[side]) if side in entry else None for side in ("before", "after"))
        if entry.get("secret"):
            before, after = _secrets(before, after)
        elif before is not None and after is not None and max(len(before), len(after)) > 1:
            before, after = _without(before, after), _without(after, before)
        yield Line(_label(model, name), before, after)


def _secrets(before: list[str] | None, after: list[str] | None) -> tuple[list[str] | None, list[str] | None]:
    """Whether there was one and is one, or what may be shown of them; the same on both sides is said to be another."""
    old, new = (
        [_("secret, not shown") if line == "set" else line for line in side] if side is not None else None for side in (before, after)
    )
    return old, [_("%(what)s (changed)") % {"what": line} for line in new] if new is not None and new == old else new


def _without(these: list[str], others: list[str]) -> list[str]:
    return [line for line in these if line not in others] or [NOTHING]


def _label(model: type[Model] | None, name: str) -> str:
    field = _field(model, name)
    text = str(field.verbose_name) if field is not None and hasattr(field, "verbose_name") else name.replace("__", " ").replace("_", " ")
    return text[:1].upper() + text[1:]


def _said(model: type[Model] | None, name: str, value: Any) -> list[str]:
    """A value, a line for each of several."""
    part = _part(model, name)
    if part is not None and isinstance(value, list):
        return [_part_said(part, each) for each in value] or [NOTHING]
    if isinstance(value, list):
        return [_one(model, name, each) for each in value] or [NOTHING]
    return [_one(model, name, value)]


def _part_said(part: Part, values: dict[str, Any]) -> str:
    order = [name for name in part.fields if name in values]  # stored JSON has an order of its own
    said = ((name, ", ".join(_said(part.model, name, values[name]))) for name in order)
    return "; ".join(f"{_label(part.model, name)}: {text}" for name, text in said if text != NOTHING)


def _one(model: type[Model] | None, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == "" or value == {}:
        return NOTHING
    if isinstance(value, dict):
        return str(value.get("name", value))
    field = _field(model, name)
    inner = getattr(field, "base_field", field)
    choices = {str(key): str(label) for key, label in getattr(inner, "flatchoices", None) or ()}
    if isinstance(field, DateTimeField) and isinstance(value, str):
        return _instant(value)
    return choices.get(str(value), str(value))


def _instant(text: str) -> str:
    zone: ZoneInfo = timezone.get_current_timezone()  # type: ignore[assignment]
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S} ({zone.key})"


def _part(model: type[Model] | None, name: str) -> Part | None:
    kind = configuration.kinds().get(model) if model else None
    return next((part for part in kind.parts if part.name == name), None) if kind else None


def _field(model: type[Model] | None, name: str) -> Any:
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
