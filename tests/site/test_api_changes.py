import pytest
from django.contrib.auth.models import User

from alerts.models import EscalationPolicy
from sentinel_site.changes import finding
from sentinel_site.lib import configuration
from sentinel_site.models import ApiKey, ConfigChange
from tests.callers import make_caller
from tests.conftest import NOON
from tests.factories import make_policy
from tests.site.test_admin import sign_in

pytestmark = pytest.mark.django_db
EDIT = ("alerts.view_escalationpolicy", "alerts.change_escalationpolicy", "alerts.add_source", "alerts.view_source", finding.VIEW)


def test_a_change_by_rest_names_the_key_and_is_one_entry():
    policy, client = make_policy("Calls", 0, 60), make_caller(*EDIT)

    client.send(f"/policies/{policy.name}", {"name": "Calls at night", "repeat_seconds": 600}, method="PATCH")

    (item,) = client.read("/config-changes").json()["items"]
    assert (item["by"], item["via"], item["action"], item["name"]) == ("robin", "rest", "changed", "Calls at night")
    assert item["where"].startswith("API key test (snt_")
    assert item["changes"] == {
        "name": {"before": "Calls", "after": "Calls at night"},
        "repeat_seconds": {"before": None, "after": 600},
    }


def test_a_key_that_nobody_looked_at_is_not_named():
    key, _ = ApiKey.issue(user=User.objects.create_user("ci"), name="ci")
    boss = sign_in(User.objects.create_superuser("root"))
    form = {"name": "Nights", "permissions": []}

    boss.post("/admin/auth/group/add/", form, headers={"X-Api-Key": f"snt_{key.prefix}_{'x' * 43}"})

    change = ConfigChange.objects.get(model="auth.group")
    assert (change.by_name, change.via, change.where) == ("root", "admin", "")


def test_a_refused_change_leaves_no_entry():
    policy, client = make_policy("Calls"), make_caller(*EDIT)

    client.send(f"/policies/{policy.name}", {"name": "Other", "last_resort": {"groups": ["nobody"]}}, method="PATCH")

    assert (EscalationPolicy.objects.get().name, ConfigChange.objects.count()) == ("Calls", 0)


def test_the_history_is_found_by_what_who_and_when():
    client = make_caller(*EDIT)
    client.send("/sources", {"slug": "probe", "name": "Probe"})
    client.send("/sources", {"slug": "other", "name": "Other"})

    def names(**query):
        return [item["name"] for item in client.read("/config-changes", **query).json()["items"]]

    assert names() == ["Other", "Probe"]
    assert names(q="prob") == ["Probe"]
    assert names(model="alerts.source", action="created", via="rest", by="robin", q="other") == ["Other"]
    assert names(by="somebody") == names(via="admin") == names(until=NOON.isoformat()) == []
    (first,) = client.read("/config-changes", q="probe").json()["items"]
    assert client.read(f"/config-changes/{first['id']}").json() == first


def test_who_may_not_see_a_thing_sees_no_change_of_it():
    ConfigChange.objects.create(
        at=NOON, via="admin", model="auth.user", object_id="1", object_words="ann", action="changed", changes={}, about=["auth.user:1"]
    )
    key = ConfigChange.objects.get().pk
    client = make_caller(*EDIT)

    assert client.read("/config-changes").json()["items"] == []
    assert client.read(f"/config-changes/{key}").status_code == 404
    assert make_caller("auth.view_user", name="ann").read("/config-changes").status_code == 403


def test_nobody_writes_the_history():
    client = make_caller(*EDIT, "sentinel_site.change_configchange", "sentinel_site.delete_configchange")

    assert [client.send("/config-changes", {}, method=method).status_code for method in ("POST", "PUT", "PATCH", "DELETE")] == [405] * 4


def test_old_entries_are_forgotten(settings, user):
    with configuration.acting(configuration.Acting(configuration.Via.ADMIN, by=lambda: user)):
        User.objects.create_user("ann")

    at = ConfigChange.objects.get().at
    settings.SENTINEL_KEEP_CHANGES_DAYS = 0
    assert finding.forget(at=at.replace(year=at.year + 50)) == 0
    settings.SENTINEL_KEEP_CHANGES_DAYS = 365
    assert finding.forget(at=at) == 0
    assert finding.forget(at=at.replace(year=at.year + 2)) == 1
