"""REST of phones: a person's app registers where to push. Mounted under /api/v1/devices by the composition."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, StringConstraints

from notifications import phones, web_push
from notifications.enums import Platform
from notifications.methods import MethodShape, describe_method
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import json_answer, not_found

router = Router()
Token = Annotated[str, StringConstraints(min_length=8, max_length=4096, pattern=r"^[!-~]+$")]


class PhoneForm(BaseModel):
    """Where to push: the token of the app on one phone, or of one browser: its subscription, as `JSON.stringify` writes it."""

    token: Token
    platform: Platform
    label: Annotated[str, StringConstraints(max_length=80)] = ""


class WebPushShape(BaseModel):
    """The key that signs what is pushed to browsers: its public half, uncompressed, in base64url."""

    public_key: str


@router.post("/push-tokens", response={201: MethodShape, 200: MethodShape})
def register_phone(request: HttpRequest, body: PhoneForm) -> HttpResponse:
    """Register the calling user's phone. 201: it is new; 200: the same token again updates it."""
    method, created = phones.register(caller(request), body.token, platform=body.platform, label=body.label, at=timezone.now())
    return json_answer(describe_method(method), status=201 if created else 200)


@router.get("/web-push", response=WebPushShape)
def read_web_push(request: HttpRequest) -> HttpResponse:
    """What a browser needs to subscribe: `pushManager.subscribe({userVisibleOnly: true, applicationServerKey: public_key})`."""
    return json_answer({"public_key": web_push.public_key()})


@router.delete("/push-tokens/{path:token}", response={204: None})
def unregister_phone(request: HttpRequest, token: str) -> HttpResponse:
    """Forget one of the calling user's phones."""
    if not phones.unregister(caller(request), token):
        raise not_found("You have no phone with this token.")
    return HttpResponse(status=204)
