"""REST of people and how to reach them. Mounted under /api/v1 by the composition."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from pydantic import BaseModel

from notifications import methods, people
from notifications.models import ContactMethod
from sentinel_site.lib.crud import Resource, add, partial
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import json_answer

router = Router()

RECIPIENTS = Resource(
    path="recipients",
    key="pk",
    converter="uuid",
    rows=people.recipients(),
    order=("name", "id"),
    form=people.RecipientForm,
    shape=people.RecipientShape,
    describe=people.describe_recipient,
    save=people.save_recipient,
    parts=("contact_methods", "notification_rules", "feeds"),
)
GROUPS = Resource(
    path="recipient-groups",
    key="slug",
    converter="slug",
    rows=people.groups(),
    order=("slug",),
    form=people.GroupForm,
    shape=people.GroupShape,
    describe=people.describe_group,
    save=people.save_group,
    parts=("contact_methods",),
)
MethodPatch: Any = partial(methods.MethodForm)

add(router, RECIPIENTS)
add(router, GROUPS)


class MethodPage(BaseModel):
    """Contact methods."""

    items: list[methods.MethodShape]
    next: str | None


@router.get("/contact-methods", response=MethodPage)
def list_contact_methods(request: HttpRequest, page_: Query[Page]) -> HttpResponse:
    """Contact methods, addresses masked: all of them, or your own."""
    return json_answer(page(methods.visible(caller(request), "view"), page_, methods.describe_method, order=("order", "id")))


@router.post("/contact-methods", response={201: methods.MethodShape})
def create_contact_method(request: HttpRequest, body: methods.MethodForm) -> HttpResponse:
    """Add a way to reach somebody. One of your own stays unverified until an administrator verifies it."""
    method = ContactMethod()
    with transaction.atomic():
        methods.save_method(method, body, caller(request))
    return json_answer(methods.describe_method(method), status=201)


@router.get("/contact-methods/{uuid:key}", response=methods.MethodShape)
def read_contact_method(request: HttpRequest, key: UUID) -> HttpResponse:
    """One contact method."""
    return json_answer(methods.describe_method(_one(request, key, "view")))


@router.patch("/contact-methods/{uuid:key}", response=methods.MethodShape)
def change_contact_method(request: HttpRequest, key: UUID, body: MethodPatch) -> HttpResponse:
    """Change a contact method; what is not sent stays."""
    with transaction.atomic():
        ContactMethod.objects.select_for_update().filter(pk=key).first()
        method = _one(request, key, "change")
        whole = methods.form_of(method) | body.model_dump(exclude_unset=True)
        methods.save_method(method, methods.MethodForm.model_validate(whole), caller(request))
    return json_answer(methods.describe_method(method))


@router.delete("/contact-methods/{uuid:key}", response={204: None})
def delete_contact_method(request: HttpRequest, key: UUID) -> HttpResponse:
    """Remove a contact method; what was sent to it stays on record."""
    _one(request, key, "delete").delete()
    return HttpResponse(status=204)


def _one(request: HttpRequest, key: UUID, verb: str) -> ContactMethod:
    return get_object_or_404(methods.visible(caller(request), verb), pk=key)
