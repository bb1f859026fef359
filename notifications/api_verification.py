"""REST of proving contact methods: codes and test messages. Mounted under /api/v1 by the composition."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, StringConstraints

from notifications import methods, proofs, verification
from notifications.methods import MethodShape
from notifications.models import ContactMethod
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import json_answer

router = Router()


class CodeForm(BaseModel):
    """The code that came to the address; spaces do not matter."""

    model_config = STRICT

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class CodeSent(BaseModel):
    """A code is on its way to ``address`` (masked), and good until ``expires_at``."""

    address: str
    expires_at: str


class TestSent(BaseModel):
    """A test message is on its way: ``deliveries`` are the ids."""

    deliveries: list[str]


@router.post("/contact-methods/{uuid:key}/verify/start", response={202: CodeSent})
def start_verification(request: HttpRequest, key: UUID) -> HttpResponse:
    """Send a code to the contact method."""
    method = _one(request, key)
    held = verification.start(method, at=timezone.now())
    return json_answer({"address": method.masked, "expires_at": held.expires_at.isoformat()}, status=202)


@router.post("/contact-methods/{uuid:key}/verify", response=MethodShape)
def verify_contact_method(request: HttpRequest, key: UUID, body: CodeForm) -> HttpResponse:
    """Verify the contact method with the code that came to it."""
    method = _one(request, key)
    verification.confirm(method, body.code, at=timezone.now())
    return json_answer(methods.describe_method(method))


@router.post("/contact-methods/{uuid:key}/test", response={202: TestSent})
def test_contact_method(request: HttpRequest, key: UUID) -> HttpResponse:
    """Send a test message to the contact method. A receipt or an answer sets its ``proved_at``."""
    told = proofs.ask(_one(request, key), at=timezone.now())
    return json_answer({"deliveries": [str(pk) for pk in told.ids]}, status=202)


def _one(request: HttpRequest, key: UUID) -> ContactMethod:
    return get_object_or_404(methods.visible(caller(request), "change"), pk=key)
