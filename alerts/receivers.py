"""What `notifications` tells, handed to the domain. Connected in apps.py."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from alerts import answering, samples, tidings
from notifications.answers import Answer, Reply
from notifications.enums import DeliveryStatus
from notifications.models import Delivery, Recipient
from notifications.previews import Sample
from notifications.signals import answer_given, deliveries_settled, delivery_received, samples_wanted, wording_failed


def connect() -> None:
    """Listen, once however often it is called."""
    deliveries_settled.connect(on_settled, dispatch_uid="alerts.deliveries_settled")
    delivery_received.connect(on_received, dispatch_uid="alerts.delivery_received")
    wording_failed.connect(on_wording_failed, dispatch_uid="alerts.wording_failed")
    samples_wanted.connect(on_samples_wanted, dispatch_uid="alerts.samples_wanted")
    answer_given.connect(on_answered, dispatch_uid="alerts.answer_given")


def on_settled(*, deliveries: Sequence[Delivery], fallen_over: Mapping[UUID, Delivery], at: datetime, **_: Any) -> None:
    """See tidings.settled."""
    tidings.settled(deliveries, fallen_over=fallen_over, at=at)


def on_received(*, delivery: Delivery, status: DeliveryStatus, detail: str, at: datetime, **_: Any) -> None:
    """See tidings.received."""
    tidings.received(delivery, status=status, detail=detail, at=at)


def on_answered(
    *, delivery: Delivery, answer: Answer, via: str, person: Recipient | None, name: str, at: datetime, **_: Any
) -> Reply | None:
    """See answering.reply."""
    return answering.reply(delivery, answer, via=via, person=person, name=name, at=at)


def on_wording_failed(*, delivery: Delivery, remark: str, at: datetime, **_: Any) -> None:
    """See tidings.remarked."""
    tidings.remarked(delivery, remark, at=at)


def on_samples_wanted(*, user: User, **_: Any) -> list[Sample]:
    """See samples.recent; nothing for those who may not see alerts."""
    return samples.recent(at=timezone.now()) if user.has_perm("alerts.view_alert") else []
