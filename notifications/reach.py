"""Who cannot be told anything, and why."""

from django.db.models import Prefetch, Q

from notifications import transports
from notifications.book import why_unreachable
from notifications.enums import PushKind, Transport
from notifications.models import ContactMethod, Recipient


def unreached(*, limit: int | None) -> list[tuple[Recipient, str]]:
    """The active people whom no message can reach now, by name, each with the reason: at most ``limit`` of them.

    Two statements, and nobody who can be reached is read.
    """
    kinds = [kind for kind in transports.TRANSPORTS if not transports.missing(kind)]
    possible = Q(kind__in=kinds) | Q(kind=Transport.PUSH, push_kind=PushKind.WEB)  # a browser needs nothing to be set up
    working = ContactMethod.objects.filter(possible, verified=True, active=True, disabled_at=None).values("recipient")
    methods = Prefetch("contact_methods", ContactMethod.objects.defer("address", "secret"))
    mute = Recipient.objects.filter(active=True).exclude(pk__in=working.filter(recipient__isnull=False)).prefetch_related(methods)
    return [(person, why_unreachable(list(person.contact_methods.all()))) for person in mute.order_by("name", "id")[:limit]]
