"""REST of the files on a device. Mounted under /api/v1/devices by the composition."""

from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from devices import config, fetching, progress
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import MEDIA_TYPE, json_answer

router = Router()
OPERATE = "devices.operate_device"
Path = Annotated[str, Field(min_length=1, max_length=500, description="From the root of the device's card, for example /NL-43.")]
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_FAILURES = {
    "409": {"description": "Files of this device are being fetched already, or nobody talks to it.", **_PROBLEM},
    "502": {"description": "FTP is off (`code`: off), or the device refused it or was not reached.", **_PROBLEM},
}
_BYTES = {
    "200": {
        "description": "The file; a folder as a ZIP archive.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in fetching.TYPES.values()},
    }
}


class FileShape(BaseModel):
    """A file or a folder. ``changed_at`` is as the device's own clock said."""

    name: str
    folder: bool
    size: int
    changed_at: str | None


class FileList(BaseModel):
    """A folder of the device's card."""

    path: str
    entries: list[FileShape]


class FileProgress(BaseModel):
    """How far what was fetched last is. ``size`` is null while it is not known, as for a folder; ``none``: nothing of late."""

    state: Literal["none", "asking", "sending", "done", "failed"]
    path: str
    bytes: int
    size: int | None
    error: str
    begun_at: str | None


@router.get("/{slug:slug}/files", response=FileList, openapi_extra={"responses": _FAILURES})
def list_files(request: HttpRequest, slug: str, path: Path = "/") -> HttpResponse:
    """A folder of the device's card, by FTP, through the monitor."""
    by = require(request, OPERATE)
    return json_answer(fetching.listing(config.devices().get(slug=slug), path, by=by, at=timezone.now()))


@router.get("/{slug:slug}/files/download", openapi_extra={"responses": {**_FAILURES, **_BYTES}})
def download_file(request: HttpRequest, slug: str, path: Path) -> HttpResponseBase:
    """A file of the device's card, or a folder as a ZIP archive, as it comes."""
    by = require(request, OPERATE)
    return fetching.download(config.devices().get(slug=slug), path, by=by, at=timezone.now())


@router.get("/{slug:slug}/files/progress", response=FileProgress)
def file_progress(request: HttpRequest, slug: str) -> HttpResponse:
    """How far the file or folder is that is being fetched from the device, by whomever, or was a moment ago."""
    require(request, OPERATE)
    return json_answer(progress.read(config.devices().get(slug=slug).slug))
