"""The one door to django-q2. Tasks are addressed by dotted string, and get primary keys only.

The ORM broker lives in the default database, so a task enqueued inside a transaction commits or vanishes with
it. The row in our own tables is the truth; a task is only a hint to look now, may run twice, and may be lost.
"""

from django_q.models import OrmQ
from django_q.tasks import async_task


def enqueue(dotted: str, *ids: str | int) -> None:
    """Ask a worker to call ``dotted`` with ``ids``. Call it inside the transaction that wrote their rows."""
    async_task(dotted, *ids)


CANARY_LIMIT = 20
"""With this much waiting there is enough to do for a worker to prove itself, and a dead one must not pile up canaries."""


def waiting() -> int:
    """How many tasks wait or run, counted to CANARY_LIMIT."""
    size: int = OrmQ.objects.order_by()[:CANARY_LIMIT].count()
    return size
