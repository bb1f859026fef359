"""Writes entries of the history, in the transaction that made the change: one for each row and transaction.

The first touch of a row remembers what it was like; each later one in the same transaction corrects the entry that is there. An entry
about nothing (made and undone, saved as it was) is taken back.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from sentinel_site.changes import reading
from sentinel_site.changes.reading import Ref, Secret
from sentinel_site.lib import configuration, crypto, english
from sentinel_site.lib.configuration import Acting, Kind, Values, Via
from sentinel_site.lib.instants import instant
from sentinel_site.models import ConfigChange

Changes = dict[str, dict[str, Any]]
NOTHING: Final[tuple[Any, ...]] = (None, "", [], (), {}, Secret("", ""))


def begin(acting: Acting, kind: Kind, keys: Sequence[Any]) -> None:
    """Remember what these rows are like, unless this transaction touched them already."""
    fresh = [key for key in keys if (kind.label, str(key)) not in acting.before]
    if not fresh:
        return
    found = reading.snapshots(kind, fresh)
    for key in fresh:
        acting.before[kind.label, str(key)] = found.get(str(key))


def end(acting: Acting, kind: Kind, keys: Sequence[Any]) -> None:
    """Put down what has become of these rows; of one that nobody remembers, that it is new."""
    after = reading.snapshots(kind, keys)
    for key in keys:
        acting.before.setdefault((kind.label, str(key)), None)
        _put_down(acting, kind, str(key), after.get(str(key)))
    if connection.in_atomic_block:
        transaction.on_commit(acting.forget)
    else:
        acting.forget()


def _put_down(acting: Acting, kind: Kind, key: str, after: Values | None) -> None:
    before, place = acting.before.get((kind.label, key)), (kind.label, key)
    changes = {} if before is None and after is None else compared(before, after)
    known = acting.written.get(place)
    if not changes:
        if known is not None:
            ConfigChange.objects.filter(pk=known).delete()
            acting.written.pop(place)
        return
    fields = {
        "action": _action(before, after), "changes": changes, "about": _about(kind, key, before, after),
    }  # fmt: skip
    if after is not None:
        fields["object_words"] = words_of([Ref(kind.model, key)])[Ref(kind.model, key)][:300]
    elif known is None:
        fields["object_words"] = acting.words.get(place, f"{kind.label} {key}")
    if known is None or not ConfigChange.objects.filter(pk=known).update(**fields):
        acting.written[place] = _create(acting, kind, key, fields)


def remember_words(acting: Acting, kind: Kind, row: Model) -> None:
    """Keep what a row that is about to go is called."""
    acting.words[kind.label, str(row.pk)] = _said(row)[:300]


def is_new(acting: Acting, kind: Kind, key: Any) -> None:
    """The row was not there before this transaction."""
    acting.before.setdefault((kind.label, str(key)), None)


def compared(before: Values | None, after: Values | None) -> Changes:
    """What differs, by field, as JSON: ``before`` and ``after``, of what is new or gone only what it has. Secrets say that they are."""
    names = list(after if after is not None else before or {})
    differing = {name: ((before or {}).get(name), (after or {}).get(name)) for name in names}
    differing = {
        name: pair
        for name, pair in differing.items()
        if pair[0] != pair[1] and not (None in (before, after) and all(each in NOTHING for each in pair))
    }
    said = words_of(reading.refs_in(value for pair in differing.values() for value in pair))
    changes: Changes = {}
    for name, (old, new) in differing.items():
        entry: dict[str, Any] = {"secret": True} if isinstance(old, Secret) or isinstance(new, Secret) else {}
        if before is not None:
            entry["before"] = _json(old, said)
        if after is not None:
            entry["after"] = _json(new, said)
        changes[name] = entry
    return changes


def words_of(refs: Any) -> dict[Ref, str]:
    """What each of these rows is called; one that is gone goes by its key."""
    keys: dict[type[Model], set[str]] = defaultdict(set)
    for ref in refs:
        keys[ref.model].add(ref.key)
    found: dict[Ref, str] = {}
    for model, wanted in keys.items():
        rows: Mapping[Any, str]
        if model is Permission:
            names = Permission.objects.filter(pk__in=wanted).values_list("pk", "content_type__app_label", "codename")
            rows = {pk: f"{app}.{codename}" for pk, app, codename in names}
        else:
            sealed = [field.name for field in model._meta.concrete_fields if isinstance(field, crypto.EncryptedTextField)]
            rows = {row.pk: _said(row) for row in model._base_manager.filter(pk__in=wanted).defer(*sealed)}
        said = {str(key): text for key, text in rows.items()}
        found |= {Ref(model, key): said.get(key, f"{model._meta.label_lower} {key}") for key in wanted}
    return found


def _said(row: Model) -> str:
    try:
        return english.text(row)
    except Exception:  # an address that no key opens must not keep anybody from changing the rest
        return f"{row._meta.label_lower} {row.pk}"


def _action(before: Values | None, after: Values | None) -> str:
    if before is None:
        return ConfigChange.Action.CREATED
    return ConfigChange.Action.DELETED if after is None else ConfigChange.Action.CHANGED


def _about(kind: Kind, key: str, before: Values | None, after: Values | None) -> list[str]:
    """Whose history shows it: the row's own, and those of the rows it is within, before and after."""
    places = [about(kind.model, key)]
    for name in kind.within:
        places += [about(ref.model, ref.key) for ref in ((before or {}).get(name), (after or {}).get(name)) if ref is not None]
    return list(dict.fromkeys(places))


def about(model: type[Model], key: Any) -> str:
    """By what a row is found in ``ConfigChange.about``."""
    return f"{model._meta.label_lower}:{key}"


def _create(acting: Acting, kind: Kind, key: str, fields: dict[str, Any]) -> UUID:
    user = acting.by()
    gone = fields["action"] == ConfigChange.Action.DELETED and kind.model is User and user is not None and str(user.pk) == key
    change = ConfigChange.objects.create(
        at=timezone.now(), by=None if gone else user, by_name=user.get_username() if user else "", via=acting.via,
        where=acting.where()[:200], address=acting.address()[:64], model=kind.label, object_id=key, **fields,
    )  # fmt: skip
    return change.pk


def exported(model: type[Model], words: str, *, file: str, by: User, at: datetime) -> None:
    """Put down that ``by`` took rows of ``model`` out, all of them, as ``file``; ``words`` say what and how many."""
    who = configuration.current()
    ConfigChange.objects.create(
        at=at, by=by, by_name=by.get_username(), via=Via.ADMIN, where=file[:200], address=who.address()[:64] if who else "",
        model=model._meta.label_lower, object_id="", object_words=words[:300], action=ConfigChange.Action.EXPORTED, changes={}, about=[],
    )  # fmt: skip


def _json(value: Any, said: Mapping[Ref, str]) -> Any:
    """``value`` as JSON: rows by id and name, secrets by what may be shown."""
    if isinstance(value, Ref):
        return {"id": value.key, "name": said[value]}
    if isinstance(value, Secret):
        return value.shown
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date | time | UUID):
        return value.isoformat() if not isinstance(value, UUID) else str(value)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple) and not isinstance(value[0], Ref):
        return [{name: _json(each, said) for name, each in part} for part in value]
    if isinstance(value, list | tuple):
        return [_json(each, said) for each in value]
    return value
