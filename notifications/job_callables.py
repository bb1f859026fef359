"""What `notifications` offers as work. Each reads the clock and makes one idempotent call."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from notifications import proofs
from sentinel_site.lib.registry import job


@job("notifications.proofs", title=gettext_noop("Send test messages that prove contact methods"), every="*/15 * * * *", timeout=45)
def prove() -> dict[str, Any]:
    """Send the test messages whose time has come, so that addresses nobody reads any more are noticed."""
    return {"test_messages": proofs.send_due(at=timezone.now())}
