"""What is wrong, missing or unusual in how this Sentinel is set up, in plain words: `manage.py doctor`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Prefetch

from alerts import reachability, subscriptions
from alerts.incoming import signatures
from alerts.models import EscalationPolicy, PolicyStep, Route
from notifications import overrides, proofs, reach, transports
from notifications.enums import Transport
from notifications.models import ContactMethod, Recipient, RecipientGroup
from sentinel_site import doctor_backups, doctor_devices, doctor_mail, doctor_twilio, health

OK, WARN, ERROR = "ok", "warn", "error"
OLDEST_POSTGRES: Final = 14


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: ``level`` is ok, warn or error."""

    level: str
    text: str


def examine(*, at: datetime) -> Iterator[Finding]:
    """Look at everything, cheapest first. What needs the database is left out when it cannot be reached. Raises nothing."""
    try:
        yield from _database()
    except DatabaseError as error:
        yield Finding(ERROR, f"The database cannot be reached: {str(error).strip().splitlines()[0]}. Is `manage.py up` running?")
        yield from _settings()
        return
    yield from _settings()
    if not _missing_migrations():
        yield from _access()
        yield from _reach(at=at)
        yield from (Finding(WARN, complaint) for complaint in overrides.complaints())
        yield from _gaps(at=at)
        yield from (Finding(WARN, complaint) for complaint in subscriptions.complaints(at=at))
        yield from _processes(at=at)
        for name in signatures.unreadable():
            yield Finding(ERROR, f"The webhook secret of {name} cannot be decrypted: its messages are refused. Set it again under Sources.")
        yield from (Finding(level, text) for level, text in doctor_devices.conditions(at=at))
        yield from (Finding(level, text) for level, text in doctor_backups.findings(at=at))


def _database() -> Iterator[Finding]:
    connection.ensure_connection()
    version = connection.pg_version // 10000  # type: ignore[attr-defined]
    level = OK if version >= OLDEST_POSTGRES else ERROR
    yield Finding(level, f"The database is PostgreSQL {version}" + ("." if level == OK else f"; {OLDEST_POSTGRES} or later is needed."))
    missing = _missing_migrations()
    if missing:
        yield Finding(ERROR, f"{missing} migrations are missing: run `manage.py migrate`, or `manage.py up`, which does.")
    else:
        yield Finding(OK, "Its tables are up to date.")


def _missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _settings() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding(WARN, "SENTINEL_DEBUG is on: errors show the program's insides to everyone. Turn it off outside of development.")
    if "localhost" in settings.SENTINEL_BASE_URL or "127.0.0.1" in settings.SENTINEL_BASE_URL:
        yield Finding(
            WARN, f"Links in messages start with {settings.SENTINEL_BASE_URL} and work on this machine only: set SENTINEL_BASE_URL."
        )
    else:
        yield Finding(OK, f"Links in messages start with {settings.SENTINEL_BASE_URL}.")
    if settings.SENTINEL_BASE_URL.startswith("http://") and "localhost" not in settings.SENTINEL_BASE_URL:
        yield Finding(WARN, "SENTINEL_BASE_URL is not https://: passwords and answers travel in the clear.")
    yield from (Finding(level, text) for level, text in (*doctor_mail.findings(), *doctor_twilio.findings(), *doctor_devices.findings()))
    yield _push()
    yield _slack()
    yield _either(settings.GEMINI_API_KEY, "AI opinions are set up.", "GEMINI_API_KEY is not set: pictures get no AI opinion.")
    yield _either(
        settings.SENTINEL_DEADMAN_URL, "A service outside watches this machine.",
        "SENTINEL_DEADMAN_URL is not set: nobody learns that this whole machine is down.",
    )  # fmt: skip


def mail_is_written_to_files() -> bool:
    """Whether no mail server or provider is set up."""
    return not settings.EMAIL_URL and not settings.EMAIL_SERVICE


def _push() -> Finding:
    path = settings.FIREBASE_CREDENTIALS
    if path and not path.startswith("{") and not Path(path).is_file():
        return Finding(ERROR, f"FIREBASE_CREDENTIALS names {path}, which is not a file: nothing can be sent to phones.")
    return _either(path, "Push is set up.", "FIREBASE_CREDENTIALS is not set: nothing can be sent to phones.")


def _slack() -> Finding:
    if not settings.SLACK_BOT_TOKEN:
        return Finding(WARN, "SLACK_BOT_TOKEN is not set: in Slack only incoming webhooks can be used, whose messages have no buttons.")
    if not settings.SLACK_BOT_TOKEN.startswith("xoxb-"):
        return Finding(ERROR, "SLACK_BOT_TOKEN is no bot token: take the one that begins with xoxb- (OAuth & Permissions).")
    here = f"{settings.SENTINEL_BASE_URL}/integrations/slack/interactive"
    if not settings.SLACK_SIGNING_SECRET:
        return Finding(
            WARN, f"SLACK_SIGNING_SECRET is not set: messages in Slack have links instead of buttons, and {here} refuses everything."
        )
    return Finding(OK, f"Slack is set up. Its app must report pressed buttons to {here}.")


def _either(value: object, good: str, bad: str) -> Finding:
    return Finding(OK, good) if value else Finding(WARN, bad)


def _access() -> Iterator[Finding]:
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        yield Finding(ERROR, "There is no active superuser: run `manage.py createsuperuser`.")
    if not Route.objects.filter(catch_all=True).exists():
        yield Finding(ERROR, "There is no catch-all route, so reports may find no policy: run `manage.py bootstrap`.")


def _gaps(*, at: datetime) -> Iterator[Finding]:
    found = reachability.gaps(since=at, until=at + timedelta(days=reachability.DAYS))
    for gap in found[:10]:
        yield Finding(
            ERROR if gap.span.since <= at else WARN,
            f"A P1 under the policy {gap.policy} would reach nobody from {gap.span.since:%Y-%m-%d %H:%M} to {gap.span.until:%Y-%m-%d %H:%M}"
            f" UTC: {'; '.join(gap.why)}.",
        )
    if not found:
        yield Finding(OK, f"A P1 would reach somebody in every minute of the next {reachability.DAYS} days.")


def _reach(*, at: datetime) -> Iterator[Finding]:
    """Whether people can be told: the question that matters most."""
    mute = reach.unreached(limit=None)
    reachable = Recipient.objects.filter(active=True).count() - len(mute)
    for person, why in mute[:10]:
        yield Finding(WARN, f"{person} cannot be told anything: {person} {why}.")
    count = "1 recipient" if reachable == 1 else f"{reachable} recipients"
    yield Finding(OK, f"{count} can be told.") if reachable else Finding(ERROR, "Nobody can be told anything.")
    yield from _proofs(at=at)
    yield from _policies()
    apart = [method for method in ContactMethod.objects.filter(active=True, kind=Transport.SLACK) if transports.unready(method)]
    if apart:
        yield Finding(ERROR, f"{len(apart)} contact methods are not used: {transports.unready(apart[0])}.")
    for kind in sorted(set(ContactMethod.objects.filter(active=True).values_list("kind", flat=True))):
        if why := transports.missing(kind):
            yield Finding(WARN, f"Contact methods of the kind {kind} are not used: {why}.")


def _proofs(*, at: datetime) -> Iterator[Finding]:
    stale = proofs.unproved(at=at)
    for method in stale[:10]:
        since = f"since {method.proved_at:%Y-%m-%d}" if method.proved_at else "ever"
        text = f"Nothing has proved {since} that {method} reaches {method.recipient or method.group}: send a test message, or ask them."
        yield Finding(WARN, text)
    if stale[10:11]:
        yield Finding(WARN, f"And {stale.count() - 10} more contact methods that nothing has proved for long.")


def _policies() -> Iterator[Finding]:
    methods = Prefetch("contact_methods", ContactMethod.objects.all())
    people = Prefetch("members", Recipient.objects.filter(active=True).prefetch_related(methods))
    groups = Prefetch("groups", RecipientGroup.objects.prefetch_related(people, methods))
    persons = Prefetch("recipients", Recipient.objects.filter(active=True).prefetch_related(methods))
    turns = "schedules__rotations__members__recipient__contact_methods"
    for policy in EscalationPolicy.objects.prefetch_related(Prefetch("steps", PolicyStep.objects.prefetch_related(groups, persons, turns))):
        steps = list(policy.steps.all())
        empty = [str(step) for step in steps if not _reaches_somebody(step)]
        if len(empty) == len(steps):
            yield Finding(ERROR, f"The policy {policy} reaches nobody: put recipients with a working contact method into its groups.")
        elif empty:
            yield Finding(WARN, f"The policy {policy} has steps that reach nobody: {', '.join(empty)}.")


def _reaches_somebody(step: PolicyStep) -> bool:
    found = [method for recipient in step.recipients.all() for method in recipient.contact_methods.all()]
    for schedule in step.schedules.all():
        members = [member.recipient for rotation in schedule.rotations.all() for member in rotation.members.all()]
        found += [method for recipient in members if recipient.active for method in recipient.contact_methods.all()]
    for group in step.groups.all():
        found += group.contact_methods.all()
        found += [method for recipient in group.members.all() for method in recipient.contact_methods.all()]
    return any(_works(method) and (not step.kinds or method.kind in step.kinds) for method in found)


def _works(method: ContactMethod) -> bool:
    return method.usable and not transports.unready(method)


def _processes(*, at: datetime) -> Iterator[Finding]:
    health.forget()
    found = health.problems(at=at)
    for problem in found:
        yield Finding(ERROR, problem)
    if not found:
        yield Finding(OK, "Redis answers, and web's partners worker, watchdog and monitor live.")
