"""What the composition offers as work."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django_q.models import Failure

from sentinel_site import beats
from sentinel_site.lib.registry import job
from sentinel_site.models import IdempotentAnswer

KEEP_ANSWERS = timedelta(hours=24)
KEEP_FAILURES = timedelta(days=14)


@job("sentinel.tidy", title="Tidy up", every="23 * * * *", timeout=45)
def tidy() -> dict[str, Any]:
    """Delete what is kept for hours only: answers for Idempotency-Key, old beats, the queue's failure rows."""
    at = timezone.now()
    answers, _ = IdempotentAnswer.objects.filter(created_at__lt=at - KEEP_ANSWERS).delete()
    failures, _ = Failure.objects.filter(stopped__lt=at - KEEP_FAILURES).delete()
    beats.prune(at=at)
    return {"answers_deleted": answers, "failures_deleted": failures}
