import json

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

from alerts.models import Silence, Source
from backups import pings
from devices.models import Device
from notifications.models import ContactMethod, NotificationRule, OnCallSchedule, Recipient, RecipientGroup
from sentinel_site.lib import configuration
from sentinel_site.lib.configuration import Acting, Via
from sentinel_site.lib.lists import ReadOnlyMixin
from sentinel_site.models import ApiKey, ConfigChange
from tests.conftest import NOON
from tests.factories import make_method, make_policy, make_recipient, make_schedule

pytestmark = pytest.mark.django_db
HIDDEN = "whsec_c2VudGluZWwtc2VudGluZWwtc2VudGluZWw="


@pytest.fixture
def acting(user):
    """Somebody acts; what they change is put down."""
    with configuration.acting(Acting(Via.ADMIN, by=lambda: user, where=lambda: "somewhere", address=lambda: "192.0.2.1")) as who:
        yield who


def told():
    """Every entry of the history, the oldest first: what was done to which kind, and the fields."""
    return [(change.action, change.model, change.changes) for change in ConfigChange.objects.order_by("id")]


def forget(acting):
    """What follows is another transaction, and the first that counts."""
    ConfigChange.objects.all().delete()
    acting.forget()


def test_a_change_says_who_when_from_where_and_what_was_before(user):
    source = Source.objects.create(slug="probe", name="Probe")

    with configuration.acting(Acting(Via.REST, by=lambda: user, where=lambda: "API key ci", address=lambda: "192.0.2.1")):
        source.name, source.enabled = "Probes", False
        source.save()

    change = ConfigChange.objects.get()
    assert (change.by, change.by_name, change.via, change.where, change.address) == (user, "robin", "rest", "API key ci", "192.0.2.1")
    assert (change.action, change.model, change.object_id, change.object_words) == ("changed", "alerts.source", str(source.pk), "Probes")
    assert change.changes == {"name": {"before": "Probe", "after": "Probes"}, "enabled": {"before": True, "after": False}}


def test_a_backup_that_a_ping_makes_is_nobodys_change(client):
    _, text = pings.issue_key("office")

    assert client.post(f"/ping/{text}/laptop?create=1").status_code == 201
    assert told() == []


def test_nothing_is_put_down_where_nobody_acts():
    Source.objects.create(slug="probe", name="Probe").delete()

    assert told() == []


def test_saving_something_as_it_was_is_no_change(acting):
    recipient = make_recipient()
    forget(acting)

    recipient.save()
    recipient.contact_methods.get().save()

    assert told() == []


def test_what_the_engine_writes_is_no_change(acting):
    device = Device.objects.create(slug="meter", name="Meter", host="10.0.0.1")
    forget(acting)

    device.metrics = ["humidity"]
    device.save()
    device.save(update_fields=["metrics"])

    assert told() == []


def test_a_policy_with_its_steps_is_one_entry(acting):
    with transaction.atomic():
        policy = make_policy("Calls", 0, 60, groups=("nurses",), last_resort=("managers",))

    policies = [changes for _, model, changes in told() if model == "alerts.escalationpolicy"]
    nurses, managers = ({"id": str(group.pk), "name": group.name} for group in RecipientGroup.objects.order_by("-slug"))
    (made,) = policies
    assert made["last_resort_groups"] == {"after": [managers]}
    assert [(step["delay_seconds"], step["groups"]) for step in made["steps"]["after"]] == [(0, [nurses]), (60, [nurses])]
    assert ConfigChange.objects.get(object_id=str(policy.pk), model="alerts.escalationpolicy").action == "created"


def test_steps_that_are_written_anew_and_are_the_same_are_no_change(acting):
    policy = make_policy("Calls", 0, 60, groups=("nurses",))
    forget(acting)

    with transaction.atomic():
        again = [(step.delay_seconds, step.label, list(step.groups.all())) for step in policy.steps.all()]
        policy.steps.all().delete()
        for delay, label, groups in again:
            policy.steps.create(delay_seconds=delay, label=label).groups.set(groups)

    assert told() == []


def test_a_member_of_a_layer_who_goes_is_told_of_with_the_schedule(acting):
    ann, bea = make_recipient("Ann"), make_recipient("Bea")
    schedule = make_schedule("Nights", ann, bea)
    forget(acting)

    schedule.rotations.get().members.filter(recipient=bea).delete()

    ((action, model, changes),) = told()
    assert (action, model) == ("changed", "notifications.oncallschedule")
    assert [member["recipient"]["name"] for member in changes["members"]["before"]] == ["Ann", "Bea"]
    assert [member["recipient"]["name"] for member in changes["members"]["after"]] == ["Ann"]


def test_members_of_a_group_are_told_of_from_either_side(acting):
    ann = make_recipient("Ann")
    group = RecipientGroup.objects.create(slug="nurses", name="Nurses")
    forget(acting)

    group.members.add(ann)
    acting.forget()
    ann.groups.clear()

    name = {"id": str(ann.pk), "name": "Ann"}
    assert told() == [
        ("changed", "notifications.recipientgroup", {"members": {"before": [], "after": [name]}}),
        ("changed", "notifications.recipientgroup", {"members": {"before": [name], "after": []}}),
    ]


def test_a_secret_is_never_written_down(acting):
    owner = Recipient.objects.create(name="Ann")
    method = make_method(owner, kind="webhook", address="https://hooks.example.org/T0/very-hidden", secret=HIDDEN)
    device = Device.objects.create(slug="meter", name="Meter", host="10.0.0.1", password="hush-hush-1")
    person = User.objects.create_user("ann", password="correct horse battery")

    acting.forget()
    method.secret, method.address = HIDDEN.replace("c", "d"), "https://hooks.example.org/T0/still-hidden"
    method.save()
    device.password = "hush-hush-2"
    device.save()
    person.set_password("another horse battery")
    person.save()
    method.delete()

    everything = json.dumps([*told(), *ConfigChange.objects.values_list("object_words", flat=True)])
    assert [word for word in ("hidden", "whsec_", "hush", "horse", "md5$") if word in everything] == []
    assert {"secret": True, "before": "set", "after": "set"} in [changes.get("password") for _, _, changes in told()]


def test_an_address_is_shown_as_others_may_see_it(acting):
    method = make_method(Recipient.objects.create(name="Ann"), address="ann@example.org")
    forget(acting)
    method.address = "anna@example.org"
    method.save()

    assert told()[-1][2] == {"address": {"secret": True, "before": "a…n@example.org", "after": "a…a@example.org"}}


def test_a_secret_that_no_key_opens_keeps_nobody_from_changing_the_rest(acting, settings):
    method = make_method(Recipient.objects.create(name="Ann"))
    forget(acting)
    settings.SENTINEL_ENCRYPTION_KEYS = ["another key altogether, of some length"]

    with configuration.changing(ContactMethod.objects.filter(pk=method.pk)):
        ContactMethod.objects.filter(pk=method.pk).update(label="work")

    assert told()[-1][2] == {"label": {"before": "", "after": "work"}}


def test_a_method_and_a_rule_stand_in_their_owners_history(acting):
    owner = Recipient.objects.create(name="Ann")
    method = make_method(owner)
    rule = NotificationRule.objects.create(recipient=owner, method=method)

    owners = ConfigChange.objects.filter(about__contains=[f"notifications.recipient:{owner.pk}"]).order_by("id")
    assert [change.object_id for change in owners] == [str(owner.pk), str(method.pk), str(rule.pk)]


def test_a_deletion_says_what_was_there(acting):
    source = Source.objects.create(slug="probe", name="Probe", group_max=4)
    key = source.pk
    forget(acting)

    source.delete()

    change = ConfigChange.objects.get()
    assert (change.action, change.object_id, change.object_words) == ("deleted", str(key), "Probe")
    assert change.changes["group_max"] == {"before": 4}


def test_rights_of_people_and_groups_are_told_of(acting):
    ann, group = User.objects.create_user("ann"), Group.objects.create(name="Night")
    forget(acting)

    ann.groups.add(group)
    acting.forget()
    group.permissions.add(Permission.objects.get(codename="view_alert"))
    ann.is_superuser = True
    ann.save()

    (_, _, first), (_, _, second), (_, _, third) = told()
    assert first["groups"]["after"] == [{"id": str(group.pk), "name": "Night"}]
    assert second["permissions"]["after"][0]["name"] == "alerts.view_alert"
    assert third == {"is_superuser": {"before": False, "after": True}}


def test_who_deletes_themselves_stays_known_by_name(user):
    with configuration.acting(Acting(Via.ADMIN, by=lambda: user)):
        user.delete()

    change = ConfigChange.objects.get()
    assert (change.by, change.by_name, change.object_words) == (None, "robin", "robin")


def test_what_is_rolled_back_leaves_no_entry(acting):
    source = Source.objects.create(slug="probe", name="Probe")
    forget(acting)

    with transaction.atomic():
        source.name = "Gone"
        source.save()
        transaction.set_rollback(True)
    source.name = "Kept"
    source.save()

    assert told() == [("changed", "alerts.source", {"name": {"before": "Probe", "after": "Kept"}})]


def test_one_transaction_makes_one_entry_of_a_row(acting):
    source = Source.objects.create(slug="probe", name="Probe")
    forget(acting)

    with transaction.atomic():
        for name in ("One", "Two", "Probe"):
            source.name = name
            source.save()
        source.group_max = 5
        source.save()

    assert told() == [("changed", "alerts.source", {"group_max": {"before": 10, "after": 5}})]


def test_statements_that_no_signal_tells_of_can_be_put_down(acting, user):
    key, _ = ApiKey.issue(user=user, name="ci")
    forget(acting)

    with configuration.changing(ApiKey.objects.filter(revoked_at=None)):
        ApiKey.objects.filter(revoked_at=None).update(revoked_at=NOON)

    revoked = {"revoked_at": {"before": None, "after": "2026-03-02T12:00:00.000Z"}}
    assert told() == [("changed", "sentinel_site.apikey", revoked)]
    assert ConfigChange.objects.get().object_id == str(key.pk)


def test_every_field_of_a_kind_is_configuration_or_the_engines():
    wrong = []
    for model, kind in configuration.kinds().items():
        of_model = {field.name for field in [*model._meta.concrete_fields, *model._meta.many_to_many] if not field.primary_key}
        of_model |= {field.name for field in model._meta.concrete_fields if field.primary_key and field.is_relation}
        told_of = {*kind.fields, *kind.engine}
        if of_model != told_of:
            wrong.append((kind.label, of_model ^ told_of))

    assert wrong == []


def test_whatever_the_admin_edits_has_a_history_or_a_reason():
    edited = {model for model, shown in admin.site._registry.items() if not isinstance(shown, ReadOnlyMixin)}
    parts = {part.model for kind in configuration.kinds().values() for part in kind.parts}

    known = {*configuration.kinds(), *configuration.left_out(), *parts}
    assert sorted(model._meta.label for model in edited - known) == []
    inlines = {inline.model for shown in admin.site._registry.values() for inline in shown.inlines}
    assert sorted(model._meta.label for model in inlines - known) == []


def test_the_engines_hot_rows_have_no_history():
    hot = {"alerts.alert", "alerts.report", "devices.reading", "devices.devicestatus", "notifications.delivery", "backups.backupentry"}

    assert hot & {kind.label for kind in configuration.kinds().values()} == set()


def test_silences_and_overrides_are_told_of(acting):
    people = [make_recipient("Ann")]
    schedule = OnCallSchedule.objects.create(name="Nights")
    forget(acting)

    Silence.objects.create(matchers=["source=probe"], reason="Work", starts_at=NOON, ends_at=NOON.replace(hour=13))
    schedule.overrides.create(recipient=people[0], starts_at=NOON, ends_at=NOON.replace(hour=13))

    assert [(action, model) for action, model, _ in told()] == [
        ("created", "alerts.silence"),
        ("created", "notifications.oncalloverride"),
    ]
