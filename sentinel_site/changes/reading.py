"""What a row is like: its configuration as values that can be compared, read from the database and never from memory.

A secret is compared by a digest that lives as long as the comparison. One that cannot be decrypted is compared as it is stored: it must
not keep anybody from changing the rest.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, ForeignKey, ManyToManyField, Model, TextField
from django.db.models.functions import Cast

from sentinel_site.lib import crypto
from sentinel_site.lib.configuration import Kind, Part, Values

RAW = "raw_"


class Ref(NamedTuple):
    """Another row, by its model and key."""

    model: type[Model]
    key: str


class Secret(NamedTuple):
    """A secret: what tells two apart, and what may be shown."""

    digest: str
    shown: str


def snapshots(kind: Kind, keys: Collection[Any]) -> dict[str, Values]:
    """Each row by its key, as text; a row that is not there is missing."""
    plain = [name for name in kind.fields if not isinstance(kind.model._meta.get_field(name), ManyToManyField)]
    secret = {name for name in plain if is_secret(kind, name)}
    raw = {f"{RAW}{name}": Cast(F(name), TextField()) for name in secret}
    rows = kind.model._base_manager.filter(pk__in=keys).annotate(**raw)
    found: dict[str, Values] = {}
    for row in rows.values("pk", *(name for name in plain if name not in secret), *raw):
        values = {name: _plain(kind.model, name, row[name]) for name in plain if name not in secret}
        values |= {name: _secret(kind, name, values, row[f"{RAW}{name}"] or "") for name in secret}
        found[str(row["pk"])] = values
    for name in kind.fields:
        if name not in plain:
            for key, refs in _related(kind.model, name, list(found)).items():
                found[key][name] = refs
    for part in kind.parts:
        for key, rows_of in _parts(part, list(found)).items():
            found[key][part.name] = rows_of
    return found


def is_secret(kind: Kind, name: str) -> bool:
    """Whether the field's value is told to nobody."""
    return name in kind.secrets or isinstance(kind.model._meta.get_field(name), crypto.EncryptedTextField)


def _secret(kind: Kind, name: str, values: Values, raw: str) -> Secret:
    if not raw:
        return Secret("", "")
    text, shown = _opened(raw), kind.shown.get(name)
    if text is None:  # by no key we have
        return Secret(raw, "set")
    return Secret(hashlib.sha256(text.encode()).hexdigest(), shown(values, text) if shown else "set")


def _opened(raw: str) -> str | None:
    if not raw.startswith("v1."):
        return raw
    try:
        return crypto.decrypt(raw)
    except (crypto.UndecryptableError, InvalidTag, ValueError):
        return None


def _plain(model: type[Model], name: str, value: Any) -> Any:
    """A value; a row that it names as a Ref."""
    target = _target(model, name)
    return Ref(target, str(value)) if target is not None and value is not None else value


def _target(model: type[Model], name: str) -> type[Model] | None:
    """The model a foreign key leads to; None for any other field, and for a lookup."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field.remote_field.model if isinstance(field, ForeignKey) else None  # type: ignore[return-value]


def _related(model: type[Model], name: str, keys: Sequence[Any]) -> dict[str, tuple[Ref, ...]]:
    """Whom a many-to-many field names, for each row, in one order."""
    field = model._meta.get_field(name)
    through, target = field.remote_field.through, field.remote_field.model  # type: ignore[union-attr]
    here, there = f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id"  # type: ignore[union-attr]
    found: dict[str, list[str]] = defaultdict(list)
    for key, other in through._base_manager.filter(**{f"{here}__in": keys}).values_list(here, there):  # type: ignore[union-attr]
        found[str(key)].append(str(other))
    return {str(key): tuple(Ref(target, other) for other in sorted(found[str(key)])) for key in keys}  # type: ignore[arg-type]


def _parts(part: Part, owners: Sequence[str]) -> dict[str, tuple[tuple[tuple[str, Any], ...], ...]]:
    """The parts of each owner, in their order: each as (field, value) pairs."""
    plain = [name for name in part.fields if not _is_many(part.model, name)]
    rows = list(part.model._base_manager.filter(**{f"{part.owner}__in": owners}).order_by(*part.order).values("pk", part.owner, *plain))
    many = {name: _related(part.model, name, [row["pk"] for row in rows]) for name in part.fields if name not in plain}
    found: dict[str, list[tuple[tuple[str, Any], ...]]] = defaultdict(list)
    for row in rows:
        values = {name: _hashable(_plain(part.model, name, row[name])) for name in plain}
        values |= {name: refs[str(row["pk"])] for name, refs in many.items()}
        found[str(row[part.owner])].append(tuple((name, values[name]) for name in part.fields))
    return {owner: tuple(found[owner]) for owner in owners}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _is_many(model: type[Model], name: str) -> bool:
    try:
        return isinstance(model._meta.get_field(name), ManyToManyField)
    except FieldDoesNotExist:
        return False


def refs_in(values: Iterable[Any]) -> set[Ref]:
    """Every row that is named in these values."""
    found: set[Ref] = set()
    for value in values:
        if isinstance(value, Ref):
            found.add(value)
        elif isinstance(value, tuple) and not isinstance(value, Secret):
            found |= refs_in(value)
    return found
