"""A real Chromium in front of the real web server."""

import os
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import Client
from playwright.sync_api import expect, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
HERE = str(Path(__file__).parent)
PATIENCE = 60_000
"""Milliseconds; on a busy machine a page takes its time."""
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: pages were not tried in a browser"))


@pytest.fixture(scope="package")
def chromium():
    """Playwright's loop runs beside all tests in a browser: the database must be allowed there, and has a connection of its own."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
        connections.close_all()


@pytest.fixture
def responder(user):
    codenames = ("view_alert", "answer_alert", "escalate_alert")
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def boss(responder):
    """The responder, who may see and do everything."""
    responder.is_staff = responder.is_superuser = True
    responder.save()
    return responder


@pytest.fixture
def open_page(chromium, web, responder):
    """A page of the signed-in responder; what it complains about is collected in ``page.complaints``."""
    contexts = []

    def opened(path, *, signed_in=True, **look):
        context = chromium.new_context(base_url=web.url, **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **look})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if signed_in:
            context.add_cookies([{"name": "sentinel_session", "value": _session(responder), "url": web.url}])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


def _session(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.session.session_key


@pytest.fixture
def page_quiet():
    """Asserts that a page complained of nothing: no error, no blocked script or style, no dialog."""

    def quiet(page):
        assert page.complaints == []

    return quiet
