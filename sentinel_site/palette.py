"""The command palette: pages, commands, and things by their names; only what the user may see, in the user's language, and soon.

Names are matched by the beginnings of their words. Whatever a table holds, each look into one is ended after a fraction of a second.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection, models, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import SearchResult

from alerts.admin import search
from alerts.models import Alert, EscalationPolicy, Source
from backups.models import ExpectedBackupJob
from devices.models import Device
from jobs.models import Job
from notifications.models import OnCallSchedule, Recipient, RecipientGroup
from sentinel_site.lib.permissions import caller
from sentinel_site.unfold import UNFOLD

MOST: Final = 20
EACH: Final = 4
"""So many of one kind of thing, of alerts twice as many."""
LONGEST, MAX_WORDS = 80, 5


@dataclass(frozen=True, slots=True)
class Page:
    """Somewhere to go, and who may."""

    title: Any
    description: Any
    url: str
    """The name of an address, or the address."""
    icon: str
    permissions: tuple[str, ...] = ()
    query: str = ""
    also: Any = ""
    """Other words by which it is found."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Things that are found by a name."""

    model: type[models.Model]
    fields: tuple[str, ...]
    icon: str
    description: Any


COMMAND: Final = _("Command")
COMMANDS: Final = (
    Page(_("Silence…"), COMMAND, "admin:alerts_silence_add", "notifications_paused", ("alerts.add_silence",), also=_("mute quiet")),
    Page(_("Who is on call"), COMMAND, "admin:notifications_oncallschedule_changelist", "calendar_month",
         ("notifications.view_oncallschedule",), also=_("duty shift")),
    Page(_("Raise a test alert"), COMMAND, "raise-test-alert", "crisis_alert", ("alerts.report_alert", "alerts.view_alert"),
         also=_("try drill")),
    Page(_("Open alerts"), COMMAND, "admin:alerts_alert_changelist", "notifications_active", ("alerts.view_alert",), "?state=open"),
    Page(_("Late alerts"), COMMAND, "admin:alerts_alert_changelist", "timer", ("alerts.view_alert",), "?state=late"),
    Page(_("Send a test message"), COMMAND, "admin:notifications_contactmethod_changelist", "send",
         ("notifications.change_contactmethod",), also=_("prove try")),
    Page(_("Add a person"), COMMAND, "admin:notifications_recipient_add", "person_add", ("notifications.add_recipient",),
         also=_("recipient")),
    Page(_("Put somebody on call for somebody else"), COMMAND, "admin:notifications_oncalloverride_add", "swap_horiz",
         ("notifications.add_oncalloverride",), also=_("override swap")),
    Page(_("Add a source"), COMMAND, "admin:alerts_source_add", "settings_input_antenna", ("alerts.add_source",)),
    Page(_("Add a device"), COMMAND, "admin:devices_device_add", "graphic_eq", ("devices.add_device",), also=_("meter sensor")),
    Page(_("Make an API key"), COMMAND, "admin:sentinel_site_apikey_add", "key", ("sentinel_site.add_apikey",), also=_("token")),
    Page(_("First steps"), COMMAND, "first-steps", "footprint", ("notifications.add_recipient", "notifications.add_contactmethod"),
         also=_("begin guide")),
    Page(_("First steps"), COMMAND, "first-steps", "footprint", ("alerts.add_source", "sentinel_site.add_apikey", "auth.add_user"),
         also=_("begin guide")),
    Page(_("Change my password"), COMMAND, "admin:password_change", "password"),
)  # fmt: skip
KINDS: Final = (
    Kind(Recipient, ("name",), "person", _("Recipient")),
    Kind(RecipientGroup, ("name", "slug"), "groups", _("Group")),
    Kind(Source, ("name", "slug"), "settings_input_antenna", _("Source")),
    Kind(Device, ("name", "slug"), "graphic_eq", _("Device")),
    Kind(Job, ("name", "slug"), "event_repeat", _("Job")),
    Kind(ExpectedBackupJob, ("database_name", "company_name"), "cloud_done", _("Expected backup")),
    Kind(OnCallSchedule, ("name",), "calendar_month", _("On-call schedule")),
    Kind(EscalationPolicy, ("name",), "stairs", _("Escalation policy")),
    Kind(User, ("username", "last_name"), "manage_accounts", _("User")),
)


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """What ``term`` names, for the user of ``request``: commands and pages, then alerts, then other things. At most MOST."""
    term = term.replace("\x00", " ")  # which PostgreSQL takes in no text
    words = _words(term)
    if not words:
        return []
    places = _places(request, words)
    first = list(islice(places, MOST // 2))
    things = list(islice(_things(caller(request), term[:LONGEST], words), MOST - len(first)))
    return [*first, *islice(places, MOST - len(first) - len(things)), *things]


def _words(text: str) -> list[str]:
    """The words of ``text`` without case and accents."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST]).encode("ascii", "ignore").decode() or text[:LONGEST]
    return re.findall(r"\w+", plain.casefold())[:MAX_WORDS]


def _matches(wanted: list[str], *texts: object) -> bool:
    """Whether each wanted word begins a word of the texts, in the user's language or in English."""
    there = _words_of(texts)
    with translation.override("en"):
        there |= _words_of(texts)
    return all(any(word.startswith(each) for word in there) for each in wanted)


def _words_of(texts: Iterable[object]) -> set[str]:
    return {word for text in texts for word in _words(str(text))}


def _places(request: HttpRequest, wanted: list[str]) -> Iterator[SearchResult]:
    """Commands and pages; each address once."""
    seen: set[tuple[str, str]] = set()
    for page in COMMANDS:
        address = reverse(page.url) + page.query
        if _matches(wanted, page.title, page.also) and caller(request).has_perms(page.permissions) and (address, page.icon) not in seen:
            seen.add((address, page.icon))
            yield SearchResult(str(page.title), str(page.description), address, page.icon)
    for group in UNFOLD["SIDEBAR"]["navigation"]:
        for item in group["items"]:
            if _matches(wanted, item["title"], group.get("title", "")) and item.get("permission", _anybody)(request):
                yield SearchResult(str(item["title"]), str(group.get("title", "")), str(item["link"]), item["icon"])


def _anybody(_request: HttpRequest) -> bool:
    return True


def _things(user: User, term: str, wanted: list[str]) -> Iterator[SearchResult]:
    if user.has_perm("alerts.view_alert"):
        rows = search.find(Alert.objects.select_related("source").defer("description", "labels", "links"), term)
        for alert in _bounded(rows.order_by("-id")[: 2 * EACH]):
            yield _result(alert, f"{alert.get_status_display()}, {alert.source}", "crisis_alert")
    for kind in KINDS:
        meta = kind.model._meta
        if user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
            for row in _bounded(kind.model._default_manager.filter(_named(kind.fields, term)).order_by(kind.fields[0], "pk")[:EACH]):
                yield _result(row, str(kind.description), kind.icon)


def _named(fields: Iterable[str], term: str) -> Q:
    """Each word of ``term`` begins the name, or a word in it."""
    found = Q()
    for word in term.split()[:MAX_WORDS]:
        any_field = Q()
        for field in fields:
            any_field |= Q(**{f"{field}__istartswith": word})
            for gap in (" ", "-", "_"):
                any_field |= Q(**{f"{field}__icontains": f"{gap}{word}"})
        found &= any_field
    return found


def _bounded(rows: QuerySet[Any]) -> list[Any]:
    """The rows, or none when they take too long to find."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {settings.PALETTE_MS}")
            found = list(rows)
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
            return found
    except OperationalError:
        return []


def _result(row: models.Model, description: str, icon: str) -> SearchResult:
    link = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return SearchResult(str(row), description, link, icon)
