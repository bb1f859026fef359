"""The secret of a source: set, kept, forgotten, never shown."""

import pytest
from django.db import connection
from django.test import Client

from alerts.incoming import signatures
from alerts.models import Source, WebhookSecret
from sentinel_site.lib.crypto import UndecryptableError
from tests.callers import make_caller, make_user
from tests.factories import make_source

pytestmark = pytest.mark.django_db
SECRET = "correct horse battery"
EDIT = ("alerts.view_source", "alerts.add_source", "alerts.change_source")


def test_by_rest_it_is_written_and_never_answered():
    caller = make_caller(*EDIT)

    made = caller.send("/sources", {"slug": "grafana", "webhook_secret": SECRET})
    other = caller.send("/sources/grafana", {"severity": "high"}, method="PATCH")

    source = Source.objects.get()
    assert (made.status_code, made.json()["webhook_secret_set"], other.json()["webhook_secret_set"]) == (201, True, True)
    assert signatures.secret_of(source.pk) == SECRET
    assert SECRET not in made.content.decode() + other.content.decode() + caller.read("/sources").content.decode()

    forgotten = caller.send("/sources/grafana", {"webhook_secret": ""}, method="PATCH")

    assert (forgotten.json()["webhook_secret_set"], signatures.secret_of(source.pk)) == (False, "")


def test_a_secret_that_can_be_guessed_is_refused():
    assert make_caller(*EDIT).send("/sources", {"slug": "grafana", "webhook_secret": "short"}).status_code == 422


def test_it_lies_encrypted_in_the_database():
    signatures.set_secret(make_source("grafana"), SECRET)

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM alerts_webhooksecret")
        assert SECRET not in cursor.fetchone()[0]


def test_one_that_cannot_be_read_is_named_and_can_be_set_again(settings):
    source = make_source("grafana")
    signatures.set_secret(source, SECRET)
    settings.SENTINEL_ENCRYPTION_KEYS = ["k" * 43]

    assert signatures.unreadable() == ["Grafana"]
    with pytest.raises(UndecryptableError):
        signatures.secret_of(source.pk)
    signatures.set_secret(source, SECRET)
    assert signatures.unreadable() == []


def test_in_the_admin_it_is_set_kept_and_forgotten():
    source, client = make_source("grafana"), Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    path = f"/admin/alerts/source/{source.pk}/change/"

    def save(**fields):
        page = client.get(path)
        form = {name: page.context["adminform"].form[name].value() for name in page.context["adminform"].form.fields}
        sent = {name: "\n".join(value) if isinstance(value, list) else value for name, value in form.items() if value not in (None, False)}
        return client.post(path, {**sent, **fields}), page.content.decode()

    steps = [save(webhook_secret=SECRET), save(webhook_secret=""), save(forget_webhook_secret="on")]

    assert [answer.status_code for answer, _ in steps] == [302, 302, 302]
    assert SECRET not in "".join(shown for _, shown in steps)
    assert not WebhookSecret.objects.exists()


def test_whoever_may_only_look_is_offered_no_field():
    source, client = make_source("grafana"), Client()
    client.force_login(make_user("viewer", "alerts.view_source", is_staff=True))

    page = client.get(f"/admin/alerts/source/{source.pk}/change/")

    assert (page.status_code, b"webhook_secret" in page.content) == (200, False)
