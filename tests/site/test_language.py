"""Pages speak the language that a person chose, wherever that person signs in; before that, the browser's."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notifications.models import Recipient
from sentinel_site.models import UserLanguage
from tests.factories import make_recipient

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
COOKIE = "sentinel_language"


@pytest.fixture
def signed_in(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def choose(client, language, next="/live/", **headers):
    return client.post("/language/", {"language": language, "next": next}, **headers)


def elsewhere():
    """The language of the first page after signing in on another machine, whose browser is English."""
    client = Client(headers={"Accept-Language": "en"})
    client.post(LOGIN, {"username": "robin", "password": "correct horse battery"})
    return client.get("/nothing-is-here/")["Content-Language"]


@pytest.mark.parametrize(("wish", "said"), [("fr-CA,fr;q=0.9", "Se connecter"), ("en", "Sign in"), ("ja", "Sign in"), ("", "Sign in")])
def test_before_signing_in_the_browser_decides(client, wish, said):
    assert said in client.get(LOGIN, headers={"Accept-Language": wish}).content.decode()


def test_a_choice_before_signing_in_is_this_browser_s(client):
    answer = choose(client, "fr", LOGIN)

    assert (answer["Location"], answer.cookies[COOKIE]["httponly"], answer.cookies[COOKIE]["samesite"]) == (LOGIN, True, "Lax")
    assert "Se connecter" in client.get(LOGIN).content.decode()
    assert not UserLanguage.objects.exists()


def test_a_choice_is_kept_for_the_user(signed_in):
    choose(signed_in, "fr")

    assert elsewhere() == "fr"


def test_a_recipient_has_one_language_for_pages_and_messages(signed_in, user):
    make_recipient(user=user, language="en")

    choose(signed_in, "fr")

    assert (Recipient.objects.get().language, UserLanguage.objects.exists(), elsewhere()) == ("fr", False, "fr")


def test_rest_speaks_english_but_to_a_page_that_names_its_language(signed_in):
    choose(signed_in, "fr")

    answers = [signed_in.get("/api/v1/nothing", headers=said)["Content-Language"] for said in ({}, {"Sentinel-Language": "fr"})]

    assert answers == ["en", "fr"]


def test_nobody_else_is_spoken_to_differently(signed_in):
    make_recipient("Ada Byron", user=User.objects.create_user("ada"), language="en")

    choose(signed_in, "fr")

    assert Recipient.objects.get().language == "en"


@pytest.mark.parametrize("language", ["de", "", "x" * 5000, "fr\x00", "../fr"])
def test_what_is_no_language_changes_nothing(signed_in, language):
    answer = choose(signed_in, language)

    assert (answer.status_code, COOKIE in answer.cookies, UserLanguage.objects.exists()) == (400, False, False)


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"])
def test_it_leads_to_no_foreign_site(signed_in, address):
    assert choose(signed_in, "fr", address)["Location"] == "/"


def test_only_a_form_of_ours_changes_it(user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert (client.get("/language/").status_code, choose(client, "fr").status_code) == (405, 403)
    assert not UserLanguage.objects.exists()


def test_a_form_that_is_too_old_is_refused_in_plain_words(user):
    client = Client(enforce_csrf_checks=True, headers={"Accept-Language": "fr"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert "rechargez-la et réessayez" in choose(client, "fr").content.decode()
