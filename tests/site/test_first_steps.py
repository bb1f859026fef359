"""The first steps: what counts as done, what is handed out, and to whom."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.utils import timezone

from alerts.models import Source
from notifications.models import ContactMethod, Notification, RecipientGroup
from sentinel_site import first_steps
from sentinel_site.lib.problems import Problem
from sentinel_site.models import ApiKey, ConfigChange
from tests.callers import KeyClient
from tests.factories import make_method, make_recipient, make_source
from tests.site.test_admin import sign_in, staff

PAGE = "/admin/first-steps/"
PERSON = {"do": "person", "name": "Robin Vale", "address": "robin@example.org", "language": "en", "on_call": "on"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    RecipientGroup.objects.create(slug="oncall", name="On call")
    Group.objects.create(name="Ingest").permissions.set(Permission.objects.filter(codename="report_alert"))
    make_source("generic")
    return sign_in(User.objects.create_superuser("root"))


def steps():
    return first_steps.progress(at=timezone.now()).steps


def test_nothing_is_done_by_opening_the_page(boss):
    assert (boss.get(PAGE).status_code, boss.get(f"{PAGE}state/").status_code, steps()) == (200, 200, (False,) * 4)


def test_a_person_is_added_on_call_and_gets_a_test_message(boss):
    boss.post(PAGE, PERSON)
    method = ContactMethod.objects.get()
    boss.post(PAGE, {"do": "test", "method": str(method.pk)})

    shown = boss.get(PAGE).content.decode()
    assert (method.verified, method.recipient.groups.get().slug, Notification.objects.get().thread) == (True, "oncall", f"test:{method.pk}")
    assert ("It is on its way." in shown, "robin@example.org" in shown, steps()) == (True, False, (True, False, False, False))


def test_an_address_that_is_none_is_said_beside_its_field(boss):
    shown = boss.post(PAGE, PERSON | {"address": "robin"}).content.decode()

    assert ("Enter a valid email address" in shown, ContactMethod.objects.exists()) == (True, False)


def test_who_may_not_verify_sends_a_code_instead(boss):
    client = sign_in(staff("add_recipient", "add_contactmethod", "view_recipient", "change_contactmethod"))

    client.post(PAGE, PERSON)

    method = ContactMethod.objects.get()
    assert (method.verified, Notification.objects.get().reason, method.recipient.groups.exists()) == (False, "code", False)


def test_the_key_is_in_one_answer_reports_and_does_nothing_else(boss):
    made = boss.post(PAGE, {"do": "source", "name": "Cellar probe"})

    (text,) = set(re.findall(r"snt_[\w-]{30,}", made.content.decode()))
    reported = KeyClient(text).send("/alerts", {"source": "cellar-probe", "title": "Hello", "severity": "high"})
    shown = [boss.get(url).content.decode() for url in (PAGE, f"{PAGE}state/", "/admin/sentinel_site/apikey/")]
    assert (reported.status_code, KeyClient(text).read("/alerts").status_code) == (201, 403)
    assert ("no-store" in made.headers["Cache-Control"], [text in body for body in shown]) == (True, [False] * 3)
    assert (steps()[2:], "Hello" in shown[1]) == ((True, True), True)


def test_a_name_that_is_taken_gives_no_key(boss):
    User.objects.create_user("cellar-probe", password="correct horse battery")

    shown = boss.post(PAGE, {"do": "source", "name": "Cellar probe"}).content.decode()

    assert ("Choose another one" in shown, ApiKey.objects.count(), Source.objects.filter(slug="cellar-probe").exists()) == (True, 0, False)


def test_a_new_key_replaces_the_old_one_of_who_only_reports(boss):
    boss.post(PAGE, {"do": "source", "name": "Cellar probe"})
    boss.post(PAGE, {"do": "key"})
    source, old = Source.objects.get(slug="cellar-probe"), ApiKey.objects.order_by("created_at")[0]
    assert list(ConfigChange.objects.filter(object_id=str(old.pk), action="changed").values_list("by_name", flat=True)) == ["root"]
    User.objects.filter(username="cellar-probe").update(is_staff=True)

    with pytest.raises(Problem):
        first_steps.new_key(source, by=User.objects.get(username="root"), at=timezone.now())

    assert (ApiKey.objects.count(), old.revoked_at is not None) == (2, True)


def test_a_refused_report_is_shown_with_its_reason(boss):
    made = boss.post(PAGE, {"do": "source", "name": "Cellar probe"})
    key = re.findall(r"snt_[\w-]{30,}", made.content.decode())[0]
    KeyClient(key).send("/alerts", {"source": "cellar-probe", "title": ""})

    shown = boss.get(f"{PAGE}state/").content.decode()

    assert ("Refused" in shown, "is empty" in shown, steps()[3]) == (True, True, False)


@pytest.mark.parametrize(("codenames", "answers"), [
    ((), (403, 403, 403, 403)),
    (("add_recipient", "add_contactmethod"), (302, 403, 403, 403)),
    (("add_source", "add_apikey", "add_user"), (403, 403, 200, 200)),
])  # fmt: skip
def test_each_step_asks_for_its_own_rights(boss, codenames, answers):
    client = sign_in(staff(*codenames))
    asked = [PERSON, {"do": "test", "method": "'"}, {"do": "source", "name": "Cellar probe"}, {"do": "key"}]

    assert tuple(client.post(PAGE, body).status_code for body in asked) == answers


def test_the_page_shows_no_names_to_who_may_not_see_them(boss):
    make_method(make_recipient("Robin Vale"), kind="email", address="vale@example.org")

    assert "Robin" not in sign_in(staff("add_source", "add_apikey", "add_user")).get(PAGE).content.decode()


def test_the_overview_leads_there_until_it_is_put_aside(boss):
    before = boss.get("/admin/").content.decode()
    boss.post(PAGE, {"do": "dismiss"})

    assert (PAGE in before, PAGE in boss.get("/admin/").content.decode()) == (True, False)


def test_an_expired_key_counts_for_nothing(boss):
    key, _text = ApiKey.issue(user=User.objects.get(username="root"), name="old")
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert steps()[2] is False
