"""The app's manifest, its service worker, and the page without a line: open to all, and nothing of anybody in them."""

import json

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from sentinel_site import app_views
from tests.callers import make_user


def read(path, **headers):
    return Client().get(path, headers=headers)


def test_the_manifest_names_icons_that_are_there():
    answer = read("/manifest.webmanifest")
    found = answer.json()

    assert (answer["Content-Type"], found["start_url"], found["scope"]) == ("application/manifest+json", "/live/me/", "/")
    assert [finders.find(icon["src"].removeprefix("/static/")) is not None for icon in found["icons"]] == [True] * 3


def test_the_service_worker_stands_at_the_root_and_keeps_only_files_that_are_there():
    answer = read("/sw.js")
    shell = json.loads(answer.content.decode().partition("const SHELL = ")[2].partition(";\n")[0])

    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/javascript; charset=utf-8", "no-cache")
    assert shell["version"] == app_views.version() != ""
    files = [path for path in shell["files"] if path.startswith("/static/")]
    assert [path for path in files if finders.find(path.removeprefix("/static/")) is None] == []
    assert set(shell["files"]) - set(files) == {"/live/words.js"}


@pytest.mark.django_db
def test_the_page_without_a_line_is_the_same_for_everybody():
    client = Client()
    client.force_login(make_user("robin", is_superuser=True), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/offline").content == read("/offline").content


def test_it_is_said_in_the_browsers_language():
    assert "Pas de connexion" in read("/offline", **{"Accept-Language": "fr"}).content.decode()
