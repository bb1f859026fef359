"""What can be done to many alerts, or to many wall screens, at once."""

from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts import escalation, feedback, lifecycle, walls
from alerts.enums import FINAL
from alerts.errors import AlertError
from alerts.models import Alert, Wall
from sentinel_site.lib.bulk import Deed, Params

ANSWER: Final = "alerts.answer_alert"
ALERT: Final = "alerts.Alert"


def _closed(alert: Alert, _by: User) -> str:
    return _("It is over already.") if alert.status in FINAL else ""


def _acknowledge(alert: Alert, by: User, at: datetime, said: Params) -> None:
    lifecycle.acknowledge(alert, by=by, at=at, promise=said.get("promise", ""), note=said.get("note", ""))


def _resolve(alert: Alert, by: User, at: datetime, said: Params) -> None:
    lifecycle.resolve(alert, by=by, at=at, resolution=said["resolution"], note=said.get("note", ""))


def _escalate(alert: Alert, by: User, at: datetime, _said: Params) -> None:
    escalation.escalate_now(alert, by=by, at=at)


def _give(alert: Alert, by: User, at: datetime, said: Params) -> None:
    feedback.give(alert, said["feedback"], by=by, at=at, note=said.get("note", ""))


def _revoke(wall: Wall, _by: User, at: datetime, _said: Params) -> None:
    walls.revoke(wall, at=at)


def _revoked(wall: Any, _by: User) -> str:
    return _("It is revoked already.") if wall.revoked_at else ""


ACKNOWLEDGE: Final = Deed(
    "alerts.acknowledge_ticked", ALERT, ANSWER, gettext_lazy("Acknowledge"),
    gettext_lazy("You take them: their escalation stops, and waiting messages are cancelled."),
    _acknowledge, _closed, (AlertError,), related=("source",),
)  # fmt: skip
RESOLVE: Final = Deed(
    "alerts.resolve_ticked", ALERT, ANSWER, gettext_lazy("Resolve"),
    gettext_lazy("They are over: everyone who was told is told that, too. This is final."),
    _resolve, _closed, (AlertError,), related=("source",),
)  # fmt: skip
ESCALATE: Final = Deed(
    "alerts.escalate_ticked", ALERT, "alerts.escalate_alert", gettext_lazy("Escalate now"),
    gettext_lazy("Of each, the next step is taken at once: people are called."),
    _escalate, _closed, (AlertError,), related=("source",),
)  # fmt: skip
FEEDBACK: Final = Deed(
    "alerts.feedback_ticked", ALERT, ANSWER, gettext_lazy("Feedback"),
    gettext_lazy("Kept on record and counted; it changes nothing about the alerts."),
    _give, refusals=(AlertError, ValueError), related=("source",),
)  # fmt: skip
REVOKE_WALL: Final = Deed(
    "alerts.revoke_ticked", "alerts.Wall", "alerts.change_wall", gettext_lazy("Revoke"),
    gettext_lazy("These screens go blank within seconds, for good."), _revoke, _revoked, log="revoked",
)  # fmt: skip
DEEDS: Final = (ACKNOWLEDGE, RESOLVE, ESCALATE, FEEDBACK, REVOKE_WALL)
