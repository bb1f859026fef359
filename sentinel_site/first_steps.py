"""The first steps of a new installation: a person who is told, a test message, a source with a key, and the first alert.

How far one is follows from the tables alone: nothing is done because somebody pressed a button.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from alerts.enums import Verdict
from alerts.intake import OWN_SOURCE
from alerts.models import Alert, Report, Source
from notifications import methods, people, verification
from notifications.enums import ACCEPTED, DeliveryStatus, Transport
from notifications.models import ContactMethod, Delivery, Recipient, RecipientGroup
from sentinel_site.lib import configuration
from sentinel_site.lib.problems import Problem, invalid
from sentinel_site.models import ApiKey, Dismissal

WHAT: Final = "first-steps"
ON_CALL: Final = "oncall"
REPORTERS: Final = "Ingest"
NEWEST: Final = 200
"""So many of the newest reports are looked at for the first one of a source."""
SHOWN: Final = 5
MAKES_SOURCES: Final = ("alerts.add_source", "sentinel_site.add_apikey", "auth.add_user")
ADDS_PEOPLE: Final = ("notifications.add_recipient", "notifications.add_contactmethod")
ON_ITS_WAY: Final = frozenset({DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.FAILED})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an installation is; ``None`` and empty is what it has not got yet."""

    method: ContactMethod | None = None
    delivery: Delivery | None = None
    key: ApiKey | None = None
    source: Source | None = None
    report: Report | None = None
    alert: Alert | None = None
    told: Sequence[Delivery] = ()

    @property
    def tested(self) -> bool:
        """Whether a test message went out."""
        return self.delivery is not None and self.delivery.status in ACCEPTED

    @property
    def steps(self) -> tuple[bool, bool, bool, bool]:
        """Which of the four steps are done."""
        return self.method is not None, self.tested, self.key is not None, self.alert is not None

    @property
    def works(self) -> bool:
        """Whether somebody can be told, and something was told of: then nobody needs to be led any more, whatever else is open."""
        return self.method is not None and self.method.usable and self.alert is not None

    @property
    def moving(self) -> bool:
        """Whether something may happen by itself: a message is on its way or waits for its proof, or a report is awaited."""
        messages = ([self.delivery] if self.delivery else []) + list(self.told)
        awaited = any(each.status in ON_ITS_WAY or each.status == DeliveryStatus.SENT for each in messages)
        return awaited or (self.key is not None and self.alert is None)


def progress(*, at: datetime) -> Progress:
    """How far this installation is at ``at``: small queries, whatever the tables hold."""
    method = ContactMethod.objects.filter(kind=Transport.EMAIL, active=True, recipient__active=True).select_related("recipient")
    tests = Delivery.objects.filter(notification__thread__gte="test:", notification__thread__lt="test;")
    newest = tests.select_related("notification__recipient", "method__recipient").order_by("-id").first()
    owner = newest.method if newest and newest.method and newest.method.recipient else method.order_by("-id").first()
    key, source = _key(at=at)
    alert = _alert(source)
    return Progress(
        method=owner, delivery=newest if newest and owner and newest.method_id == owner.pk else None, key=key, source=source,
        report=_report(source), alert=alert, told=_told(alert) if alert else (),
    )  # fmt: skip


def wanted(user: User, *, at: datetime) -> bool:
    """Whether ``user`` should be led to the first steps: they may take one, have not put them aside, and it does not work yet."""
    if not (may_begin(user) and not Dismissal.objects.filter(user=user, what=WHAT).exists()):
        return False
    return not progress(at=at).works


def may_begin(user: User) -> bool:
    """Whether ``user`` may take any of the steps."""
    return user.has_perms(ADDS_PEOPLE) or user.has_perms(MAKES_SOURCES)


def dismiss(user: User, *, at: datetime) -> None:
    """Show the first steps no more on the overview of ``user``; their page stays."""
    Dismissal.objects.get_or_create(user=user, what=WHAT, defaults={"at": at})


@transaction.atomic
def add_person(said: Mapping[str, Any], *, by: User, at: datetime) -> ContactMethod:
    """Make a recipient with an e-mail address; on call when ``said`` so. Without the right to verify, a code goes to the address.

    Raises a Problem that names the field.
    """
    recipient, method = Recipient(), ContactMethod()
    people.save_recipient(recipient, people.RecipientForm(name=said["name"], language=said["language"]), by)
    methods.save_method(method, methods.MethodForm(recipient=recipient.pk, kind=Transport.EMAIL, address=said["address"]), by)
    group = RecipientGroup.objects.filter(slug=ON_CALL).first()
    if said.get("on_call") and group is not None and by.has_perm("notifications.change_recipientgroup"):
        group.members.add(recipient)
    if not method.verified:
        verification.start(method, at=at)
    return method


@transaction.atomic
def add_source(name: str, *, by: User) -> tuple[Source, ApiKey, str]:
    """Make a source, a user of the same name that may report and do nothing else, and its key. Returns the key's text, to be shown once.

    Raises a Problem when there is a source, or a user, of that name.
    """
    slug = slugify(name)[:60]
    if not slug:
        raise invalid([(("source", "name"), _("Use letters or digits: programs know it by them."))])
    if Source.objects.filter(slug=slug).exists() or User.objects.filter(username=slug).exists():
        raise invalid([(("source", "name"), _("There is a source or a user of this name already. Choose another one."))])
    group = Group.objects.filter(name=REPORTERS).first()
    if group is None:
        raise Problem(409, _("The group Ingest is gone. Make it again under Rights, with the permission to report alerts."))
    source = Source.objects.create(slug=slug, name=name.strip()[:120])
    reporter = User.objects.create_user(slug)
    reporter.groups.add(group)
    return source, *_issue(reporter, name)


@transaction.atomic
def new_key(source: Source, *, by: User, at: datetime) -> tuple[ApiKey, str]:
    """Another key for the user that reports for ``source``; those it had are refused from now on. Raises a Problem.

    Only of a user that these steps made, who cannot sign in: no right is handed out here that somebody has for other reasons.
    """
    reporter = User.objects.filter(username=source.slug).first()
    if reporter is None or not _reports_only(reporter):
        raise Problem(409, _("No user of this source was made here. Make its key under API keys."))
    living = ApiKey.objects.filter(user=reporter, revoked_at=None)
    with configuration.changing(living):
        living.update(revoked_at=at)
    return _issue(reporter, source.name)


def _issue(reporter: User, name: str) -> tuple[ApiKey, str]:
    return ApiKey.issue(user=reporter, name=name.strip()[:80])


def _reports_only(user: User) -> bool:
    groups = set(user.groups.values_list("name", flat=True))
    powerful = user.is_staff or user.is_superuser or user.has_usable_password() or user.user_permissions.exists()
    return not powerful and groups == {REPORTERS}


def _key(*, at: datetime) -> tuple[ApiKey | None, Source | None]:
    """The newest key that works, before all of one that reports for a source of its own; and that source."""
    works = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None, user__is_active=True)
    keys = list(works.select_related("user").order_by("-created_at")[:NEWEST])
    sources = Source.objects.in_bulk([key.user.username for key in keys], field_name="slug")
    own = next((key for key in keys if key.user.username in sources), None)
    return (own, sources[own.user.username]) if own else (keys[0] if keys else None, None)


def _alert(source: Source | None) -> Alert | None:
    alerts = Alert.objects.exclude(source__slug=OWN_SOURCE) if source is None else Alert.objects.filter(source=source)
    return alerts.select_related("source").order_by("-id").first()


def _told(alert: Alert) -> list[Delivery]:
    rows = Delivery.objects.filter(notification__thread=alert.thread)
    return list(rows.select_related("notification__recipient", "notification__group").order_by("-id")[:SHOWN])


def _report(source: Source | None) -> Report | None:
    """The newest report that was refused, when it is the newest of all of this source."""
    newest = Report.objects.filter(pk__in=Report.objects.order_by("-id").values("pk")[:NEWEST])
    found = newest.exclude(source_slug=OWN_SOURCE) if source is None else newest.filter(source_slug=source.slug)
    last = found.order_by("-id").first()
    return last if last is not None and last.verdict == Verdict.REJECTED else None
