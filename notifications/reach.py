"""Who cannot be told anything, and why."""

from django.db.models import Prefetch

from notifications import transports
from notifications.book import why_unreachable
from notifications.models import ContactMethod, Recipient


def unreached(*, limit: int | None) -> list[tuple[Recipient, str]]:
    """The active people whom no message can reach now, by name, each with the reason: at most ``limit`` of them.

    Two statements, and nobody who can be reached is read.
    """
    kinds = [kind for kind in transports.TRANSPORTS if not transports.missing(kind)]
    working = ContactMethod.objects.filter(verified=True, active=True, disabled_at=None, kind__in=kinds).values("recipient")
    methods = Prefetch("contact_methods", ContactMethod.objects.defer("address", "secret"))
    mute = Recipient.objects.filter(active=True).exclude(pk__in=working.filter(recipient__isnull=False)).prefetch_related(methods)
    return [(person, why_unreachable(list(person.contact_methods.all()))) for person in mute.order_by("name", "id")[:limit]]
