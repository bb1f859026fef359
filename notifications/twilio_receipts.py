"""What Twilio tells about a message or a call after it accepted it. It comes late, twice and in any order.

A carrier's receipt proves that an SMS arrived. A call proves nothing by being picked up: without a key it did not reach
anybody, and the recipient's next method starts at once.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from notifications.transports import twilio_client
from sentinel_site.lib import crypto

ARRIVED: Final = frozenset({"delivered", "read"})
LOST: Final = {"undelivered": "the network could not deliver it", "failed": "Twilio could not send it"}
NOT_REACHED: Final = {
    "busy": "the line was busy", "no-answer": "nobody picked up", "failed": "the call could not be put through",
    "canceled": "the call was cancelled", "completed": "somebody or something picked up, and no key was pressed",
}  # fmt: skip
REASONS: Final = {
    30002: "the Twilio account is suspended", 30003: "the telephone is switched off or out of reach", 30004: "the number blocks messages",
    30007: "the network filtered it as unwanted", 30008: "the network gives no reason", 30032: "the sender's number is not verified yet",
    30034: "the sender's number is not registered for the United States", 30036: "it waited too long in Twilio's queue",
}  # fmt: skip
logger = logging.getLogger(__name__)


def take(delivery_id: UUID, form: Mapping[str, str], *, at: datetime) -> None:
    """Record what ``form`` says about the delivery. Not to be called inside a transaction; raises nothing for what is stale.

    What is told about another number than the delivery's is refused, and a failure of an earlier attempt is passed over.
    """
    delivery = Delivery.objects.filter(pk=delivery_id).select_related("method").defer("method__address", "method__secret").first()
    if delivery is None or delivery.method is None:
        return
    if crypto.digest(form.get("To", ""), purpose="address") != delivery.method.address_digest:
        logger.warning("a receipt for delivery %s names another number than it went to; it was not taken", delivery_id)
        return
    sid = form.get("CallSid") or form.get("MessageSid") or form.get("SmsSid") or ""
    if form.get("MessageStatus") in ARRIVED and not form.get("CallSid"):
        outbox.receive(delivery_id, status=DeliveryStatus.DELIVERED, at=at, detail="the carrier delivered it")
    elif (failure := _failure(form)) and delivery.provider_id in {"", sid} and delivery.status != DeliveryStatus.DELIVERED:
        error, dead = failure
        outbox.refuse(delivery_id, error=error, dead_address=dead, at=at)


def _failure(form: Mapping[str, str]) -> tuple[str, bool] | None:
    """Why it did not reach anybody, and whether the number is of no use; None when nothing is known to have failed."""
    if form.get("AnsweredBy", "").startswith(("machine", "fax")) and form.get("CallStatus") != "completed":
        return "a voicemail or another machine picked up", False
    why = NOT_REACHED.get(form.get("CallStatus", "")) if form.get("CallSid") else LOST.get(form.get("MessageStatus", ""))
    if why is None:
        return None
    code = int(form["ErrorCode"]) if form.get("ErrorCode", "").isascii() and form.get("ErrorCode", "").isdigit() else 0
    known = twilio_client.DEAD.get(code) or REASONS.get(code)
    return f"{why}{f': {known}' if known else ''}{f' ({code})' if code else ''}", code in twilio_client.DEAD
