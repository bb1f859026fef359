"""Hears of every row that is saved, changed, linked or deleted by Django, and has it put down while somebody acts."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from django.db.models import ManyToManyField, Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save

from sentinel_site.changes import writing
from sentinel_site.lib import configuration
from sentinel_site.lib.configuration import Acting, Kind, Part

_connected: Final[list[Any]] = []


def connect() -> None:
    """Listen to every kind that the apps declare; once more changes nothing."""
    if _connected:
        return
    for kind in configuration.load().values():
        _listen(kind.model, partial(_saving, kind), partial(_saved, kind), partial(_deleting, kind), partial(_deleted, kind))
        _listen_to_links(kind.model, kind.fields, lambda keys, _kind=kind: [(_kind, keys)])
        for part in kind.parts:
            touched = partial(_touched, kind, part)
            _listen(part.model, partial(_begin_part, touched), partial(_end_part, touched), partial(_begin_part, touched),
                    partial(_end_part, touched))  # fmt: skip
            _listen_to_links(part.model, part.fields, lambda keys, _kind=kind, _part=part: [(_kind, _owners(_part, keys))])
    configuration.listen(writing)


def _listen(model: type[Model], saving: Any, saved: Any, deleting: Any, deleted: Any) -> None:
    for signal, receiver in ((pre_save, saving), (post_save, saved), (pre_delete, deleting), (post_delete, deleted)):
        _connected.append(receiver)  # signals hold their receivers weakly
        signal.connect(receiver, sender=model)


def _listen_to_links(model: type[Model], names: Iterable[str], find: Any) -> None:
    for name in names:
        field = model._meta.get_field(name) if "__" not in name else None
        if isinstance(field, ManyToManyField):
            receiver = partial(_linked, field, find)
            _connected.append(receiver)
            m2m_changed.connect(receiver, sender=field.remote_field.through)  # type: ignore[arg-type]


def _saving(kind: Kind, sender: Any, instance: Model, update_fields: Any = None, **_more: Any) -> None:
    acting = configuration.current()
    if acting is None or not _matters(kind, update_fields):
        return
    if not instance._state.adding:
        writing.begin(acting, kind, [instance.pk])


def _saved(kind: Kind, sender: Any, instance: Model, created: bool, update_fields: Any = None, **_more: Any) -> None:
    acting = configuration.current()
    if acting is not None and _matters(kind, update_fields):
        if created:
            writing.is_new(acting, kind, instance.pk)
        _end(acting, kind, [instance.pk])


def _deleting(kind: Kind, sender: Any, instance: Model, **_more: Any) -> None:
    acting = configuration.current()
    if acting is not None:
        writing.begin(acting, kind, [instance.pk])
        writing.remember_words(acting, kind, instance)


def _deleted(kind: Kind, sender: Any, instance: Model, **_more: Any) -> None:
    acting = configuration.current()
    if acting is not None:
        _end(acting, kind, [instance.pk])


def _begin_part(touched: Any, sender: Any, instance: Model, **_more: Any) -> None:
    acting = configuration.current()
    if acting is not None:
        writing.begin(acting, *touched(instance))


def _end_part(touched: Any, sender: Any, instance: Model, **_more: Any) -> None:
    acting = configuration.current()
    if acting is not None:
        kind, keys = touched(instance)
        _end(acting, kind, keys)


def _linked(field: Any, find: Any, sender: Any, instance: Model, action: str, reverse: bool, pk_set: Any, **_more: Any) -> None:
    acting = configuration.current()
    if acting is None:
        return
    for kind, owners in find(_linked_keys(field, instance, reverse, pk_set)):
        if action.startswith("pre_"):
            writing.begin(acting, kind, owners)
        elif reverse and pk_set is None:  # cleared from the other side: nothing tells any more which they were
            _end(acting, kind, [key for label, key in acting.before if label == kind.label])
        else:
            _end(acting, kind, owners)


def _linked_keys(field: Any, instance: Model, reverse: bool, pk_set: Any) -> list[Any]:
    """The rows whose field changes: the one at hand, or, asked from the other side, those that are linked to it."""
    if not reverse:
        return [instance.pk]
    if pk_set is not None:
        return list(pk_set)
    return list(field.model._base_manager.filter(**{field.name: instance}).values_list("pk", flat=True))


def _touched(kind: Kind, part: Part, instance: Model) -> tuple[Kind, list[Any]]:
    """Whose part it is."""
    first, _, rest = part.owner.partition("__")
    owner: Any = getattr(instance, first, None) if rest else None
    key = getattr(owner, f"{rest}_id", None) if rest else getattr(instance, f"{first}_id")
    return kind, [] if key is None else [key]


def _owners(part: Part, keys: list[Any]) -> list[Any]:
    return list(part.model._base_manager.filter(pk__in=keys).order_by().values_list(part.owner, flat=True).distinct())


def _matters(kind: Kind, update_fields: Any) -> bool:
    return update_fields is None or any(name in kind.fields for name in update_fields)


def _end(acting: Acting, kind: Kind, keys: list[Any]) -> None:
    """Put it down, unless who gathers the row's changes will."""
    held = {(type(row), row.pk) for row in acting.gathering}
    if ready := [key for key in keys if (kind.model, key) not in held]:
        writing.end(acting, kind, ready)
