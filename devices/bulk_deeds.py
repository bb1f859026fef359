"""What can be done to many devices, rules or notes at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices import noting, rule_config
from devices.models import AlertRule, Device, TechnicianNote
from sentinel_site.lib.bulk import Deed, Params

NOTE: Final = "devices.TechnicianNote"


def _already(name: str, value: bool) -> Callable[[Any, User], str]:
    return lambda row, _by: _("It is so already.") if getattr(row, name) == value else ""


def _set(device: Device, _by: User, _at: datetime, said: Params) -> None:
    """Saved each, so that whatever follows a device's change follows this one too."""
    for name in ("enabled", "keepalive"):
        if name in said:
            setattr(device, name, said[name])
            device.save(update_fields=[name, "changed_at"])


def _switch(rule: AlertRule, _by: User, _at: datetime, said: Params) -> None:
    rule.enabled = said["enabled"]
    rule_config.save(rule)


def _resolve(note: TechnicianNote, by: User, at: datetime, _said: Params) -> None:
    for finding in noting.open_of(note):
        noting.resolve(finding, by=by, at=at)


def _archive(note: TechnicianNote, by: User, at: datetime, _said: Params) -> None:
    noting.archive(note, by=by, at=at)


def _may_close(_note: TechnicianNote, by: User) -> str:
    return "" if by.has_perm("devices.change_notefinding") else _("This needs the right to change findings, too. Ask an administrator.")


def _device(name: str, title: Any, says: Any, **change: bool) -> Deed:
    ((field, value),) = change.items()
    return Deed(
        f"devices.{name}", "devices.Device", "devices.change_device", title, says, _set, _already(field, value), defaults=change,
        log=f"{field}: {'on' if value else 'off'}",
    )  # fmt: skip


ENABLE: Final = _device("enable_ticked", gettext_lazy("Enable"), gettext_lazy("Sentinel talks to them again."), enabled=True)
DISABLE: Final = _device(
    "disable_ticked", gettext_lazy("Disable"),
    gettext_lazy("Sentinel leaves them alone: their connection is released, and their rules raise nothing."), enabled=False,
)  # fmt: skip
KEEP: Final = _device(
    "keep_ticked", gettext_lazy("Watch day and night"), gettext_lazy("They are measured all the time."), keepalive=True
)  # fmt: skip
RELEASE: Final = _device(
    "release_ticked", gettext_lazy("Watch only while somebody looks"),
    gettext_lazy("Their connection is released for other programs while nobody looks and no rule needs them."), keepalive=False,
)  # fmt: skip
RULES_ON: Final = Deed(
    "devices.rules_on", "devices.AlertRule", "devices.change_alertrule", gettext_lazy("Switch on"),
    gettext_lazy("What is measured is judged by them again."),
    _switch, _already("enabled", True), defaults={"enabled": True}, related=("device",), log="enabled: on",
)  # fmt: skip
RULES_OFF: Final = Deed(
    "devices.rules_off", "devices.AlertRule", "devices.change_alertrule", gettext_lazy("Switch off"),
    gettext_lazy("They raise nothing any more, and their open alerts are resolved."),
    _switch, _already("enabled", False), defaults={"enabled": False}, related=("device",), log="enabled: off",
)  # fmt: skip
RESOLVE_NOTES: Final = Deed(
    "devices.resolve_selected", NOTE, "devices.change_techniciannote", gettext_lazy("Resolve what is open"),
    gettext_lazy("Their findings and the alerts of these are resolved."), _resolve, _may_close,
)  # fmt: skip
ARCHIVE_NOTES: Final = Deed(
    "devices.archive_selected", NOTE, "devices.change_techniciannote", gettext_lazy("Archive"),
    gettext_lazy("They are put away, and their alerts are resolved."), _archive, _may_close,
)  # fmt: skip
DEEDS: Final = (ENABLE, DISABLE, KEEP, RELEASE, RULES_ON, RULES_OFF, RESOLVE_NOTES, ARCHIVE_NOTES)
