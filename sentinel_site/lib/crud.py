"""Plain create, read, change and delete by REST: five operations made from one description, alike for every kind of thing.

A change is partial: what is not sent stays. The whole is validated as if it were new, so no combination slips in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, create_model

from sentinel_site.lib import configuration, english, problems
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import allowed, require
from sentinel_site.lib.problems import Problem, json_answer

STRICT: Final = ConfigDict(extra="forbid", populate_by_name=True)
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Resource(Generic[Row]):
    """One kind of thing. ``key`` is the field its path names it by, ``converter`` Django's path converter for it.

    ``save(row, form, by)`` writes a validated form onto a new or a locked row, inside a transaction. ``form_of`` gives
    a row back as its form's values. ``check_delete`` raises a Problem for what must stay.
    """

    path: str
    key: str
    converter: str
    rows: QuerySet[Row]
    order: Sequence[str]
    form: type[BaseModel]
    shape: type[BaseModel]
    describe: Callable[[Row], dict[str, Any]]
    save: Callable[[Row, Any, Any], None]
    parts: Sequence[str] = ()
    """Related objects that belong to the row and go with it; every other one is a use that forbids deleting."""
    check_delete: Callable[[Row], None] = lambda _row: None
    delete: Callable[[Row], None] | None = None
    """What DELETE does instead of deleting a row that nothing uses."""
    deleting: Callable[[Row, Any], None] = lambda _row, _by: None
    """Called with the row and who deletes it, just before; in the same transaction."""
    secrets: Sequence[str] = ()
    """Texts that let their bearer in: empty for whoever may not change the row."""
    changed: Callable[[], None] = lambda: None
    """Called after every committed change."""
    name: str = ""
    """What its operations are called after in the OpenAPI document, where the path alone is another resource's, too."""

    @property
    def called(self) -> str:
        """The end of each operation's id."""
        return self.name or self.path.replace("-", "_")

    def permission(self, verb: str) -> str:
        """The model permission for ``verb``: view, add, change or delete."""
        meta = self.rows.model._meta
        return f"{meta.app_label}.{verb}_{meta.model_name}"

    def describe_to(self, user: Any) -> Callable[[Row], dict[str, Any]]:
        """`describe`, without what ``user`` may not know."""
        if not self.secrets or allowed(user, self.permission("change")):
            return self.describe
        return lambda row: self.describe(row) | dict.fromkeys(self.secrets, "")

    def one(self, key: Any) -> Row:
        """The row by its path key. Raises ObjectDoesNotExist."""
        return self.rows.get(**{self.key: key})

    def form_of(self, row: Row) -> dict[str, Any]:
        """The row's present values, as its form takes them."""
        described = self.describe(row)
        names = {field.alias or name for name, field in self.form.model_fields.items()}
        return {name: value for name, value in described.items() if name in names}


def partial(form: type[BaseModel]) -> type[BaseModel]:
    """``form`` with every field optional: the body of a PATCH. It checks names; values are checked with the whole."""
    fields: dict[str, Any] = {field.alias or name: (field.annotation | None, None) for name, field in form.model_fields.items()}  # type: ignore[operator]
    return create_model(f"{form.__name__}Patch", __config__=STRICT, **fields)


def add(router: Router, resource: Resource[Any]) -> None:
    """Put the five operations of ``resource`` on ``router``."""
    add_reads(router, resource)
    add_writes(router, resource)


def add_reads(router: Router, resource: Resource[Any]) -> None:
    """List and one."""
    name = resource.called
    shape: Any = resource.shape
    one, kind = _one(resource)
    listed: Any = create_model(f"{resource.shape.__name__}Page", items=(list[shape], ...), next=(str | None, None))

    @router.get(f"/{resource.path}", response=listed, by_alias=True, operation_id=f"list_{name}", summary=f"List {resource.path}")
    def read_list(request: HttpRequest, page_: Query[Page]) -> HttpResponse:
        reader = require(request, resource.permission("view"))
        return json_answer(page(resource.rows.all(), page_, resource.describe_to(reader), order=resource.order))

    @router.get(one, response=shape, by_alias=True, operation_id=f"read_{name}", summary=f"Read one of {resource.path}")
    def read_one(request: HttpRequest, key: kind) -> HttpResponse:  # type: ignore[valid-type]
        reader = require(request, resource.permission("view"))
        return json_answer(resource.describe_to(reader)(resource.one(key)))


def add_writes(router: Router, resource: Resource[Any]) -> None:
    """Create, change and delete."""
    name = resource.called
    form: Any = resource.form

    @router.post(
        f"/{resource.path}",
        response={201: resource.shape},
        by_alias=True,
        operation_id=f"create_{name}",
        summary=f"Create one of {resource.path}",
    )
    def create(request: HttpRequest, body: form) -> HttpResponse:
        by = require(request, resource.permission("add"))
        return json_answer(_write(resource, resource.rows.model(), body, by), status=201)

    add_changes(router, resource)


def add_changes(router: Router, resource: Resource[Any]) -> None:
    """Change and delete, for what is made in a way of its own."""
    name = resource.called
    patch: Any = partial(resource.form)
    one, kind = _one(resource)

    @router.patch(one, response=resource.shape, by_alias=True, operation_id=f"change_{name}", summary=f"Change one of {resource.path}")
    def change(request: HttpRequest, body: patch, key: kind) -> HttpResponse:  # type: ignore[valid-type]
        by = require(request, resource.permission("change"))
        return json_answer(_change(resource, resource.one(key), body, by))

    @router.delete(one, response={204: None}, by_alias=True, operation_id=f"delete_{name}", summary=f"Delete one of {resource.path}")
    def delete(request: HttpRequest, key: kind) -> HttpResponse:  # type: ignore[valid-type]
        by = require(request, resource.permission("delete"))
        _delete(resource, resource.one(key), by)
        resource.changed()
        return HttpResponse(status=204)


def _one(resource: Resource[Any]) -> tuple[str, Any]:
    return f"/{resource.path}/{{{resource.converter}:key}}", {"uuid": UUID, "int": int}.get(resource.converter, str)


def remove(row: Model, *, parts: Sequence[str] = ()) -> None:
    """Delete ``row``. Raises a 409 Problem that names what uses it."""
    with transaction.atomic():
        used = uses(row, parts=parts)
        if used:
            raise Problem(409, f"{row} is in use by {', '.join(used)}. Change that first, or switch it off.", code="in_use", used_by=used)
        row.delete()


def uses(row: Model, *, parts: Sequence[str] = ()) -> list[str]:
    """What refers to ``row``, besides its own ``parts``: for example "steps: Fall", at most three of a kind."""
    found = []
    for relation in row._meta.related_objects:
        name = relation.get_accessor_name()
        if name is None or name in parts:
            continue
        manager = relation.related_model._default_manager  # type: ignore[union-attr]
        users = [english.text(each) for each in manager.filter(**{relation.field.name: row})[:3]]
        if users:
            found.append(f"{english.text(relation.related_model._meta.verbose_name_plural)} ({', '.join(users)})")  # type: ignore[union-attr]
    return found


def _write(resource: Resource[Any], row: Any, form: Any, by: Any) -> dict[str, Any]:
    with transaction.atomic(), configuration.gathered(row):
        resource.save(row, form, by)
    resource.changed()
    return resource.describe(resource.rows.get(pk=row.pk))


def _change(resource: Resource[Any], row: Any, patch: BaseModel, by: Any) -> dict[str, Any]:
    with transaction.atomic():
        resource.rows.model._default_manager.select_for_update().values_list("pk").get(pk=row.pk)  # reads no secret
        row = resource.rows.get(pk=row.pk)
        whole = resource.form_of(row) | patch.model_dump(exclude_unset=True, by_alias=True)
        with configuration.gathered(row):
            resource.save(row, resource.form.model_validate(whole), by)
    resource.changed()
    return resource.describe(resource.rows.get(pk=row.pk))


def _delete(resource: Resource[Any], row: Any, by: Any) -> None:
    resource.check_delete(row)
    with transaction.atomic():
        resource.deleting(row, by)
        resource.delete(row) if resource.delete else remove(row, parts=resource.parts)


def unknown(place: Sequence[str | int], what: str) -> Problem:
    """422: the form names something that does not exist."""
    return problems.invalid([(("body", *place), what)])
