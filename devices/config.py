"""Devices as REST writes and shows them: a form that is checked whole, what it becomes, and what goes with a device that is deleted."""

import re
from typing import Annotated, Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from alerts import describe
from alerts.models import Source
from devices import addresses
from devices.enums import DriverKind
from devices.models import Device
from devices.models.device import CONTROL_PORT, FTP_PORT, MAX_POLL_SECONDS, MIN_POLL_SECONDS
from sentinel_site.lib import problems
from sentinel_site.lib.crud import STRICT, unknown
from sentinel_site.lib.zones import site_time_zone

MONTH_SECONDS: Final = 31 * 86_400
_HOST: Final = re.compile(r"[A-Za-z0-9_.:%-]*", re.A)
AGAIN: Final = (
    "is stored for another address and is not sent to a new one unseen: send it again with this change, or an empty one to forget it"
)
"""Who may change devices, but does not know a password, must not have it sent to a machine of their own."""


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("is not a host; write an address or a name alone, without scheme, user or port, for example 192.168.1.40")
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]+$", max_length=60)]
Line = Annotated[str, StringConstraints(max_length=120)]
Host = Annotated[str, StringConstraints(max_length=253), AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Password = Annotated[
    str,
    StringConstraints(max_length=120),
    Field(
        description="For FTP. It is stored encrypted and never answered; left out, the stored one stays.",
        json_schema_extra={"writeOnly": True, "format": "password"},
    ),
]


class _Fields(BaseModel):
    slug: Slug
    name: Line = ""
    driver: DriverKind = DriverKind.NL43
    host: Annotated[Host, Field(description="Address or name in the network; of a simulated meter what it simulates.")] = ""
    port: Port = CONTROL_PORT
    ftp_port: Port = FTP_PORT
    username: Line = ""
    place: Annotated[str, StringConstraints(max_length=200)] = ""
    time_zone: Annotated[str, StringConstraints(max_length=64)] = Field(default_factory=site_time_zone)
    enabled: bool = True
    keepalive: bool = True
    poll_seconds: Annotated[float, Field(ge=MIN_POLL_SECONDS, le=MAX_POLL_SECONDS, allow_inf_nan=False)] = 1.25
    silent_after_seconds: Annotated[int | None, Field(ge=1, le=MONTH_SECONDS)] = None
    source: Annotated[str | None, Field(description="The slug of the source whose alerts it raises.")] = None


class DeviceForm(_Fields):
    """Something that measures."""

    model_config = STRICT

    password: Password = ""


class DeviceShape(_Fields):
    """A device. Its password is never answered, only whether there is one."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: str
    password_set: bool
    created_at: str
    changed_at: str


def devices() -> QuerySet[Device]:
    """Devices with what describing them needs; a password is not even read."""
    password_set = ExpressionWrapper(~Q(password=""), output_field=BooleanField())
    return Device.objects.defer("password").select_related("source").annotate(password_set=password_set)


def describe_device(device: Device) -> dict[str, Any]:
    """A device (of `devices`) as api.md shows it."""
    names = [name for name in _Fields.model_fields if name != "source"]
    return {
        "id": str(device.pk),
        **{name: getattr(device, name) for name in names},
        "source": device.source.slug if device.source else None,
        "password_set": device.password_set,  # type: ignore[attr-defined]  # annotated
        "created_at": describe.instant(device.created_at),
        "changed_at": describe.instant(device.changed_at),
    }


def save_device(device: Device, form: DeviceForm, _by: User) -> None:
    """Write ``form`` onto ``device``; a password that was not sent stays. Raises a Problem or ValidationError.

    A new slug is followed everywhere at once; alerts that are open keep the subject they were raised with.
    """
    moved = device.pk is not None and (device.host, device.ftp_port) != (form.host, form.ftp_port)
    if moved and getattr(device, "password_set", False) and "password" not in form.model_fields_set:
        raise problems.invalid([(("body", "password"), AGAIN)])
    _require_permitted(device, form)
    for name, value in form.model_dump(exclude={"source", "password"}).items():
        setattr(device, name, value)
    device.name = form.name.strip() or form.slug
    device.source = _source(form.source)
    if device.pk is None or "password" in form.model_fields_set:
        device.password = form.password
        device.full_clean()
    else:
        device.full_clean(exclude={"password"})
    device.save()


def delete_device(device: Device) -> None:
    """Delete ``device`` with all that belongs to it."""
    with transaction.atomic():
        device.delete()


def address_errors(driver: str, host: str, port: int, ftp_port: int) -> dict[str, str]:
    """Field → what is wrong with it, when a meter may not have this address. A name is checked at every connect only."""
    if driver != DriverKind.NL43 or not host:
        return {}
    wrong = {"port": addresses.complaint(host, port), "ftp_port": addresses.complaint(host, ftp_port)}
    if wrong["port"] and wrong["port"] == wrong["ftp_port"]:
        return {"host": wrong["port"]}
    return {name: text for name, text in wrong.items() if text}


def keep_alive(slug: str, *, on: bool) -> Device:
    """Watch the device day and night, or only while somebody looks at it. Raises Device.DoesNotExist."""
    device = devices().get(slug=slug)
    if device.keepalive is not on:
        device.keepalive = on
        device.save(update_fields=["keepalive", "changed_at"])
    return device


def _require_permitted(device: Device, form: DeviceForm) -> None:
    """Raises a 422 Problem for an address that devices may not have; one that is kept is checked again at every connect."""
    asked = (form.driver, form.host, form.port, form.ftp_port)
    if asked == (device.driver, device.host, device.port, device.ftp_port):
        return
    if wrong := address_errors(*asked):
        raise problems.invalid([(("body", name), text) for name, text in wrong.items()])


def _source(slug: str | None) -> Source | None:
    source = None if slug is None else Source.objects.filter(slug=slug).first()
    if source is None and slug is not None:
        raise unknown(["source"], f"no source is called {slug[:60]!r}; see /api/v1/sources")
    return source
