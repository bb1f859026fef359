"""Settings from the environment: what cannot be meant stops the start with a text that names the variable and the fix."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from sentinel_site import env


@pytest.mark.parametrize(("value", "found"), [("", "en"), ("fr", "fr"), (" FR ", "fr")])
def test_a_choice_is_one_of_those_there_are(monkeypatch, value, found):
    monkeypatch.setenv("SENTINEL_LANGUAGE", value)

    assert env.choice("SENTINEL_LANGUAGE", "en", ["en", "fr"]) == found


def test_another_word_is_refused_with_those_there_are(monkeypatch):
    monkeypatch.setenv("SENTINEL_LANGUAGE", "de")

    with pytest.raises(ImproperlyConfigured, match=r"SENTINEL_LANGUAGE='de' is not one of these: en, fr\."):
        env.choice("SENTINEL_LANGUAGE", "en", ["en", "fr"])


def test_a_time_zone_is_one_that_there_is(monkeypatch):
    monkeypatch.setenv("SENTINEL_TIME_ZONE", "Europe/Paris")

    assert env.time_zone("SENTINEL_TIME_ZONE", "UTC") == "Europe/Paris"
    assert env.time_zone("SENTINEL_NO_SUCH", "UTC") == "UTC"


@pytest.mark.parametrize("value", ["Europe/Pariss", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 5000])
def test_what_is_no_time_zone_is_refused_with_an_example(monkeypatch, value):
    monkeypatch.setenv("SENTINEL_TIME_ZONE", value)

    with pytest.raises(ImproperlyConfigured, match=r"SENTINEL_TIME_ZONE=.* is not a time zone\. Write an IANA name, for example"):
        env.time_zone("SENTINEL_TIME_ZONE", "UTC")
