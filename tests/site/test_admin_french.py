"""Whoever reads French finds the admin in French: what models, forms, lists and actions say, the sidebar, and every page of ours."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.contrib.auth.models import User
from django.utils import translation

from backups.models import Ping
from jobs.models import Job
from notifications.models import CalendarFeed, NotificationRule, OnCallOverride
from sentinel_site.unfold import UNFOLD
from tests.test_architecture import APPS, ROOT

SAME = {
    "Action", "Activation", "Agent", "Amtool", "Android", "Annotations", "Apprise", "Arguments", "Code", "Conditions", "Conflict",
    "Cron", "Date", "Description", "Document", "E-mail", "English", "Format", "Français", "GET", "Host", "Host:pid", "IOS",
    "Image", "Information", "Inhibition", "Inhibitions", "Instance", "Ios", "Mail", "Message", "Messages", "Minute", "Mode",
    "Monitor", "Note", "Notes", "Notification", "Notifications", "OK", "Origin", "P1", "P2", "P3", "P4", "P5", "POST", "PUT",
    "Pause", "Ping", "Pings", "Port", "Position", "Posture", "Prometheus", "Push", "Python", "REST", "Route", "Routes", "SMS",
    "Sentinel", "Silence", "Silences", "Site", "Slack", "Source", "Sources", "TOTP", "Test", "Transport", "Transports", "Type", "URL",
    "Verdict", "Watchdog", "Web", "Webhook", "Webhooks", "Worker", "–",
}  # fmt: skip
"""Words that are the same in both languages, or names."""
OURS = [each for each in admin.site._registry.items() if each[0]._meta.app_label in APPS]
MARKED = re.compile(
    r"{% (blocktranslate|blocktrans)\b.*?{% end\1 %}|<(style|pre|code|script)\b.*?</\2>|<span[^>]*material-symbols.*?</span>"
    r"|{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>|&\w+;|\bsnt_",
    re.S,
)
"""What is no plain text of a page: markup, values, and texts that are marked."""


def labels(model_admin: Any, request: Any) -> Iterator[Any]:
    """Every text that the lists and forms of one admin show. They are asked for anew in each language."""
    model = model_admin.model
    yield from (model._meta.verbose_name, model._meta.verbose_name_plural, getattr(model_admin, "search_help_text", "") or "")
    for obj in (None, model()):
        fieldsets = model_admin.get_fieldsets(request, obj)
        yield from (title for title, _options in fieldsets if title)
        yield from (options.get("description") or "" for _title, options in fieldsets)
        form = model_admin.get_form(request, obj, fields=None) if hasattr(model_admin, "get_form") else model_admin.form
        for name in flatten_fieldsets(fieldsets):
            field = form.base_fields.get(name)
            yield label_for_field(name, model, model_admin) if field is None or field.label is None else field.label
            yield getattr(field, "help_text", "")
            yield from (text for _value, text in getattr(field, "_choices", None) or () if isinstance(text, str) or hasattr(text, "title"))


def lists(model_admin: Any, request: Any) -> Iterator[Any]:
    """Every text of its list: columns, filters, and what can be done."""
    for name in model_admin.get_list_display(request):
        yield "" if name == "__str__" else label_for_field(name, model_admin.model, model_admin)
    for each in model_admin.get_list_filter(request):
        yield "" if isinstance(each, str | tuple) else each.title
    for name in (*(model_admin.actions or ()), *(model_admin.actions_detail or ()), *(model_admin.actions_list or ())):
        action = getattr(model_admin, name, None) if isinstance(name, str) else name
        yield getattr(action, "short_description", "")
        dialog = getattr(action, "dialog", None) or {}
        yield from (dialog.get(part, "") for part in ("title", "description", "form_submit_text"))


def untranslated(texts: Callable[[], Iterator[Any]]) -> set[str]:
    """What is the same in English and in French, and is no word of both."""
    said = {}
    for language in ("en", "fr"):
        with translation.override(language):
            said[language] = [str(text) for text in texts()]
    pairs = zip(said["en"], said["fr"], strict=True)
    return {one for one, other in pairs if one == other and re.search("[A-Za-z]{2}", one) and one[:1].upper() + one[1:] not in SAME}


@pytest.mark.django_db
def test_forms_and_lists_of_every_model_are_french(rf):
    request = rf.get("/admin/")
    request.user = User(pk=1, is_superuser=True, is_staff=True, is_active=True)

    found = {}
    for model, model_admin in OURS:
        found[model.__name__] = untranslated(lambda: labels(model_admin, request)) | untranslated(lambda: lists(model_admin, request))  # noqa: B023 (asked at once)
        for inline in model_admin.get_inline_instances(request):
            meta = (inline.verbose_name, inline.verbose_name_plural)
            found[model.__name__] |= untranslated(lambda: iter(meta))  # noqa: B023 (asked at once)

    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(("model", "name", "french"), [
    (Job, "http_method", "méthode"), (Ping, "method", "méthode"), (NotificationRule, "method", "moyen"),
    (Job, "cron", "horaire"), (OnCallOverride, "schedule", "planning"), (CalendarFeed, "schedule", "planning"),
])  # fmt: skip
def test_a_word_with_two_meanings_has_the_right_one(model, name, french):
    with translation.override("fr"):
        assert model._meta.get_field(name).verbose_name == french


def test_apps_have_french_names():
    assert untranslated(lambda: (apps.get_app_config(name).verbose_name for name in APPS)) == set()


def test_sidebar_is_french():
    navigation = UNFOLD["SIDEBAR"]["navigation"]

    words = [group.get("title", "") for group in navigation] + [item["title"] for group in navigation for item in group["items"]]

    assert untranslated(lambda: iter(words)) == set()


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("en", "Search"), ("fr", "Rechercher")])
def test_the_search_has_a_word_that_is_not_cut_off(admin_client, language, word):
    page = admin_client.get("/admin/", headers={"Accept-Language": language}).content.decode()

    opener = page[page.index("opencommand") :][:2000]
    assert (f">{word}<" in opener, "apps and models" in page) == (True, False)


@pytest.mark.parametrize("page", sorted((ROOT / "templates" / "admin").rglob("*.html")), ids=lambda path: path.name)
def test_pages_of_the_admin_have_no_text_that_is_not_marked(page):
    left = MARKED.sub(" ", page.read_text())

    words = re.findall(r"[A-Za-z]{3,}(?: [a-z]{2,})*", left)
    assert [each for each in words if not each.isupper() and each != "KiB"] == []


def test_style_sheets_say_nothing_of_their_own():
    sheets = sorted((ROOT / "static").rglob("*.css"))

    assert [said for sheet in sheets for said in re.findall(r'content:\s*"[^"]*[A-Za-z]{2}[^"]*"', sheet.read_text())] == []
