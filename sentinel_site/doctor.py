"""What is wrong, missing or unusual in how this Sentinel is set up, in plain words: `manage.py doctor`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from alerts import linting, reachability, subscriptions
from alerts.incoming import signatures
from notifications import overrides, reach, transports
from notifications.enums import PushKind, Transport
from notifications.models import ContactMethod, Recipient
from sentinel_site import doctor_backups, doctor_devices, doctor_mail, doctor_twilio, env, health

OK, WARN, ERROR = "ok", "warn", "error"
LINTED: Final = {linting.Level.ERROR: ERROR, linting.Level.WARNING: WARN, linting.Level.NOTICE: WARN}
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
        yield from _reach()
        yield from (Finding(WARN, complaint) for complaint in overrides.complaints())
        yield from _set_up(at=at)
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
    yield _either(
        env.text("SENTINEL_TIME_ZONE"), f"Pages and messages show the time of {settings.TIME_ZONE}.",
        "SENTINEL_TIME_ZONE is not set: pages and messages show UTC.",
    )  # fmt: skip
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
    return _either(
        path,
        "Push is set up.",
        "FIREBASE_CREDENTIALS is not set: nothing can be sent to an app on phones. Browsers are reached without it.",
    )


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


def _set_up(*, at: datetime) -> Iterator[Finding]:
    """What the linter says of routes, policies, people and what holds back."""
    found = linting.examine(at=at)
    yield from (Finding(LINTED[finding.level], f"{finding.text} {finding.fix}") for finding in found)
    if not any(finding.code == "nobody-reachable" for finding in found):
        yield Finding(OK, f"A P1 would reach somebody in every minute of the next {reachability.DAYS} days.")


def _reach() -> Iterator[Finding]:
    """Whether people can be told: the question that matters most."""
    reachable = Recipient.objects.filter(active=True).count() - len(reach.unreached(limit=None))
    count = "1 recipient" if reachable == 1 else f"{reachable} recipients"
    yield Finding(OK, f"{count} can be told.") if reachable else Finding(ERROR, "Nobody can be told anything.")
    apart = [method for method in ContactMethod.objects.filter(active=True, kind=Transport.SLACK) if transports.unready(method)]
    if apart:
        yield Finding(ERROR, f"{len(apart)} contact methods are not used: {transports.unready(apart[0])}.")
    for kind in sorted(set(ContactMethod.objects.filter(active=True).exclude(push_kind=PushKind.WEB).values_list("kind", flat=True))):
        if why := transports.missing(kind):
            yield Finding(WARN, f"Contact methods of the kind {kind} are not used: {why}.")


def _processes(*, at: datetime) -> Iterator[Finding]:
    health.forget()
    found = health.problems(at=at)
    for problem in found:
        yield Finding(ERROR, problem)
    if not found:
        yield Finding(OK, "Redis answers, and web's partners worker, watchdog and monitor live.")
