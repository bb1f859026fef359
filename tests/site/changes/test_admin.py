import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from alerts.models import Source
from notifications.models import Recipient, RecipientGroup
from sentinel_site import commanding
from sentinel_site.lib import configuration
from sentinel_site.models import ApiKey, ConfigChange
from tests.callers import make_user
from tests.factories import make_method, make_source

pytestmark = pytest.mark.django_db
HISTORY = "sentinel_site.view_configchange"


@pytest.fixture
def boss(client):
    user = User.objects.create_superuser("boss")
    client.force_login(user)
    return user


def test_a_change_in_the_admin_stands_in_the_objects_history(client, boss):
    group = RecipientGroup.objects.create(slug="nurses", name="Nurses")
    ann = Recipient.objects.create(name="Ann")
    methods = {f"contact_methods-{name}": count for name, count in (("TOTAL_FORMS", 0), ("INITIAL_FORMS", 0))}

    page = reverse("admin:notifications_recipientgroup_change", args=[group.pk])
    client.post(page, {"slug": "nurses", "name": "Night nurses", "members": [str(ann.pk)], **methods})

    change = ConfigChange.objects.get()
    assert (change.by, change.via, change.action, list(change.changes)) == (boss, "admin", "changed", ["name", "members"])
    shown = client.get(reverse("admin:notifications_recipientgroup_history", args=[group.pk])).content.decode()
    assert [text for text in ("Night nurses", "Ann", "boss", "Before", "127.0.0.1") if text not in shown] == []


def test_a_part_stands_in_the_history_of_whom_it_belongs_to(client, boss):
    ann = Recipient.objects.create(name="Ann")
    method = make_method(ann, address="ann@example.org")
    client.post(reverse("admin:notifications_contactmethod_delete", args=[method.pk]), {"post": "yes"})

    shown = client.get(reverse("admin:notifications_recipient_history", args=[ann.pk])).content.decode()

    assert "a…n@example.org" in shown
    assert "ann@example.org" not in shown


def test_the_list_and_an_entry_say_it_in_words(client, boss):
    source = make_source()
    with configuration.acting(configuration.Acting(configuration.Via.COMMAND, where=lambda: "manage.py demo")):
        source.life_safety = True
        source.save()

    listed = client.get(reverse("admin:sentinel_site_configchange_changelist"), {"q": "probe"}).content.decode()
    entry = client.get(reverse("admin:sentinel_site_configchange_change", args=[ConfigChange.objects.get().pk])).content.decode()

    assert [text for text in ("Source: Probe", "manage.py demo", "Life safety") if text not in listed] == []
    assert [text for text in ("Life safety", "no", "yes", "Its whole history") if text not in entry] == []
    assert "(&#x27;" not in entry  # a value and its word, as lists want them


def test_nobody_edits_or_deletes_the_history_in_the_admin(client, boss):
    make_source().delete()
    with configuration.acting(configuration.Acting(configuration.Via.ADMIN)):
        Source.objects.create(slug="other", name="<script>alert(1)</script>")
    place = reverse("admin:sentinel_site_configchange_change", args=[ConfigChange.objects.get().pk])

    answers = [client.post(place, {"by_name": "eve"}), client.post(place.replace("/change/", "/delete/"), {"post": "yes"})]
    answers += [client.post(reverse("admin:sentinel_site_configchange_add"), {})]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert ConfigChange.objects.get().by_name == ""
    assert "<script>alert" not in client.get(place).content.decode()


def test_the_history_is_for_who_may_read_it_and_the_thing(client):
    source = make_source()
    place, listed = reverse("admin:alerts_source_history", args=[source.pk]), reverse("admin:sentinel_site_configchange_changelist")
    statuses = []
    for name, rights in (("none", []), ("reads", [HISTORY]), ("looks", ["alerts.view_source"]), ("both", [HISTORY, "alerts.view_source"])):
        client.force_login(make_user(name, *rights, is_staff=True))
        statuses.append((client.get(place).status_code, client.get(listed).status_code))

    assert statuses == [(403, 403), (403, 200), (200, 403), (200, 200)]


def test_a_key_that_is_revoked_in_the_admin_is_told_of(client, boss):
    key, _ = ApiKey.issue(user=boss, name="ci")

    said = {"action": "revoke_ticked", "_selected_action": [key.pk], "sure": "1"}
    client.post(reverse("admin:sentinel_site_apikey_changelist"), said)

    assert [list(change.changes) for change in ConfigChange.objects.all()] == [["revoked_at"]]


def test_a_command_is_named_without_what_may_be_secret():
    said = commanding.actor(["apikey", "create", "--name", "hush"]).where()
    other = commanding.actor(["changepassword", "ann"]).where()

    assert said.startswith("manage.py apikey create, started by ")
    assert other.startswith("manage.py changepassword, ")
    assert commanding.actor(["watchdog"]) is None
    assert commanding.actor([]) is None
