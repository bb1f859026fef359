"""E-mail's settings: what cannot be meant stops the start and says what to do."""

import os
import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from sentinel_site import doctor_mail, env, mail

POSTMARK = {"ANYMAIL_BACKEND": "postmark", "ANYMAIL_POSTMARK_SERVER_TOKEN": "t"}


@pytest.fixture
def given(monkeypatch):
    """Sets the environment to these mail variables and no others."""

    def give(**variables):
        for name in [name for name in os.environ if name.startswith(("ANYMAIL_", "EMAIL_URL"))]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return mail.settings()

    return give


def test_nothing_set_writes_files(given):
    assert (given()["EMAIL_BACKEND"], given()["EMAIL_SERVICE"]) == (mail.FILES, "")


def test_a_url_means_smtp(given):
    made = given(EMAIL_URL="smtp://mail.example.org")

    assert (made["EMAIL_HOST"], made["EMAIL_SERVICE"]) == ("mail.example.org", "")


@pytest.mark.parametrize(("name", "variables"), [
    ("postmark", {"ANYMAIL_POSTMARK_SERVER_TOKEN": "t"}), ("mailgun", {"ANYMAIL_MAILGUN_API_KEY": "k"}),
    ("sendgrid", {"ANYMAIL_SENDGRID_API_KEY": "k"}), ("brevo", {"ANYMAIL_BREVO_API_KEY": "k"}), ("ses", {}), ("Amazon_SES", {}),
])  # fmt: skip
def test_a_service_is_set_up_by_its_variables(given, name, variables):
    made = given(ANYMAIL_BACKEND=name, **variables)

    service = "amazon_ses" if "ses" in name.lower() else name
    assert (made["EMAIL_SERVICE"], made["EMAIL_BACKEND"]) == (service, f"anymail.backends.{service}.EmailBackend")
    assert made["ANYMAIL"]["REQUESTS_TIMEOUT"] == (3, 10)
    assert variables.items() <= {f"ANYMAIL_{key}": value for key, value in made["ANYMAIL"].items()}.items() if variables else True


def test_several_secrets_are_for_changing_them(given):
    made = given(**POSTMARK, ANYMAIL_WEBHOOK_SECRET="user:long-enough-secret, user:another-long-secret")

    assert made["ANYMAIL"]["WEBHOOK_SECRET"] == ["user:long-enough-secret", "user:another-long-secret"]


@pytest.mark.parametrize(("variables", "says"), [
    ({"ANYMAIL_BACKEND": "pigeon"}, "not a mail service that Sentinel knows: postmark, mailgun"),
    ({"ANYMAIL_BACKEND": "postmark"}, "needs ANYMAIL_POSTMARK_SERVER_TOKEN"),
    ({**POSTMARK, "EMAIL_URL": "smtp://mail.example.org"}, "Remove one of them"),
    ({**POSTMARK, "ANYMAIL_POSTMARK_TOKEN": "x"}, "ANYMAIL_POSTMARK_TOKEN is not a setting"),
    ({**POSTMARK, "ANYMAIL_POSTMARK_API_URL": "api.postmarkapp.com"}, "must begin with https://"),
    ({**POSTMARK, "ANYMAIL_WEBHOOK_SECRET": "short:one"}, "must be <user>:<password>, 20"),
    ({**POSTMARK, "ANYMAIL_WEBHOOK_SECRET": "a-long-secret-without-a-user"}, "must be <user>:<password>"),
    ({"EMAIL_URL": "postmark://token"}, "set ANYMAIL_BACKEND=postmark"),
    ({"EMAIL_URL": "smtp://u:p/w@host:port"}, "%40"),
    ({"EMAIL_URL": "mail.example.org"}, "EMAIL_URL must look like"),
])  # fmt: skip
def test_what_cannot_be_meant_stops_the_start(given, variables, says):
    with pytest.raises(ImproperlyConfigured, match=re.escape(says)):
        given(**variables)


@pytest.mark.parametrize("domain", ["in.example.org", "IN.Example.org", ""])
def test_a_domain_for_replies_is_a_domain(domain):
    assert env.host("SENTINEL_INBOUND_DOMAIN", domain) == domain.lower()


@pytest.mark.parametrize("domain", ["https://in.example.org", "ack@in.example.org", "localhost", "in example.org", "x" * 200 + ".org"])
def test_what_is_no_domain_stops_the_start(domain):
    with pytest.raises(ImproperlyConfigured, match="SENTINEL_INBOUND_DOMAIN"):
        env.host("SENTINEL_INBOUND_DOMAIN", domain)


def said(settings, service, **given):
    settings.EMAIL_URL, settings.EMAIL_SERVICE, settings.ANYMAIL = "", service, given
    return dict(reversed(pair) for pair in doctor_mail.findings())


def test_doctor_says_what_comes_back_and_where(settings):
    found = said(settings, "postmark", WEBHOOK_SECRET=["sentinel:a-long-enough-secret"])

    assert found[f"postmark may tell what became of mail at {settings.SENTINEL_BASE_URL}/integrations/anymail/postmark/tracking/."] == "ok"


def test_doctor_says_which_secret_is_missing(settings):
    found = said(settings, "mailgun")

    assert [level for text, level in found.items() if "ANYMAIL_MAILGUN_WEBHOOK_SIGNING_KEY is not set" in text] == ["warn"]


def test_doctor_says_that_a_library_is_missing(settings):
    found = said(settings, "amazon_ses")

    assert [level for text, level in found.items() if "pip install boto3" in text] == ["error"]


def test_doctor_says_why_no_replies_are_read(settings):
    settings.SENTINEL_INBOUND_DOMAIN = "in.example.org"

    found = said(settings, "amazon_ses")

    assert [level for text, level in found.items() if "Nobody is asked for replies" in text] == ["error"]
