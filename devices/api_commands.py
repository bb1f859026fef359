"""REST of commands to devices: give one, see what became of it, see who gave which. Mounted under /api/v1/devices by the composition."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from devices import asking, config
from devices.enums import CommandStatus
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import MEDIA_TYPE, json_answer

router = Router()
VIEW, OPERATE, VIEW_COMMAND = "devices.view_device", "devices.operate_device", "devices.view_devicecommand"
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_FAILURES = {
    "502": {"description": "The device refused it (`code`: its result code), was not reached, or failed.", **_PROBLEM},
    "504": {"description": "Not done in time.", **_PROBLEM},
}


class CommandForm(BaseModel):
    """A command to a device; `GET /devices/commands` lists them."""

    model_config = STRICT

    command: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    args: Annotated[dict[str, Any], Field(max_length=20)] = Field(default_factory=dict)


class CommandShape(BaseModel):
    """A command that somebody gave: ``reply`` when it is done, ``progress`` (what, done, of) of a long one."""

    id: str
    command: str
    args: dict[str, Any]
    status: CommandStatus
    reply: Any
    code: str
    error: str
    progress: dict[str, Any] | None
    asked_by: str | None
    asked_at: str
    started_at: str | None
    finished_at: str | None


class CommandPage(BaseModel):
    """A page of commands."""

    items: list[CommandShape]
    next: str | None


class ArgumentShape(BaseModel):
    """An argument of a command; no ``choices``: any value that fits."""

    name: str
    title: str
    choices: list[str]


class SpecShape(BaseModel):
    """What a command is. ``long``: it is answered 202 and reports progress."""

    model_config = ConfigDict(title="CommandSpec")

    command: str
    title: str
    changes: bool
    confirm: bool
    long: bool
    seconds: float
    args: list[ArgumentShape]


Catalogue = RootModel[dict[str, list[SpecShape]]]


@router.get("/commands", response=Catalogue)
def list_known_commands(request: HttpRequest) -> HttpResponse:
    """The commands that the devices of each driver know, with their arguments."""
    require(request, VIEW)
    return json_answer(asking.catalogue())


@router.post("/{slug:slug}/commands", response={200: CommandShape, 202: CommandShape}, openapi_extra={"responses": _FAILURES})
def give_command(request: HttpRequest, slug: str, body: CommandForm) -> HttpResponse:
    """Give the device a command. 200: done, with its reply; 202: not done yet, ask for it by its id.

    With an Idempotency-Key it is sent once, however often and with whatever outcome it is asked for.
    """
    by = require(request, OPERATE)
    device, key = config.devices().get(slug=slug), request.headers.get("Idempotency-Key", "")
    row = asking.give(device, body.command, body.args, by=by, at=timezone.now(), key=key)
    status, found = asking.answer(asking.await_reply(row))
    return json_answer(found, status=status)


@router.get("/{slug:slug}/commands", response=CommandPage)
def list_commands(request: HttpRequest, slug: str, page_: Query[Page]) -> HttpResponse:
    """Who gave the device which command, and what became of it, newest first."""
    require(request, VIEW_COMMAND)
    return json_answer(page(asking.record(config.devices().get(slug=slug)), page_, asking.describe, order=("-id",)))


@router.get("/{slug:slug}/commands/{uuid:command_id}", response=CommandShape)
def read_command(request: HttpRequest, slug: str, command_id: UUID) -> HttpResponse:
    """One command and how far it is."""
    require(request, VIEW_COMMAND)
    return json_answer(asking.describe(asking.record(config.devices().get(slug=slug)).get(pk=command_id)))
