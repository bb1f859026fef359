import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django_q.models import Schedule

from alerts.models import EscalationPolicy, PolicyStep, Route, Source
from sentinel_site import bootstrap
from sentinel_site.periodic import PERIODIC


def everything() -> list[object]:
    models = (Group, EscalationPolicy, PolicyStep, Route, Source, Schedule, User)
    return [list(model.objects.order_by("pk").values_list()) for model in models]


@pytest.fixture
def password(db):
    return bootstrap.run()


def test_the_admin_user_is_made_once_with_a_password_of_its_own(password):
    assert User.objects.get(username="admin").check_password(password)
    assert bootstrap.run() == ""


def test_a_given_password_is_taken(db):
    assert bootstrap.run(admin_password="correct horse battery") == "correct horse battery"


def test_no_admin_is_made_where_there_is_a_superuser(db):
    User.objects.create_superuser("robin")

    assert bootstrap.run() == ""
    assert not User.objects.filter(username="admin").exists()


def test_running_again_changes_nothing(password):
    before = everything()

    bootstrap.run()

    assert everything() == before


def test_what_people_changed_and_deleted_stays_so(password):
    EscalationPolicy.objects.filter(name="Fall").update(expires_after_seconds=60)
    Route.objects.filter(matchers=["severity=high"]).delete()
    before = everything()

    bootstrap.run()

    assert everything() == before


def test_sentinels_own_source_comes_back(password):
    Source.objects.filter(slug="sentinel").delete()

    bootstrap.run()

    assert Source.objects.filter(slug="sentinel").exists()


def test_the_fall_policy_is_the_designed_one(password):
    fall = EscalationPolicy.objects.get(name="Fall")

    steps = list(fall.steps.values_list("delay_seconds", "label", "urgency"))
    assert steps == [
        (0, "First notice", "normal"),
        (120, "Reminder 1", "high"),
        (300, "Reminder 2", "critical"),
        (600, "Reminder 3", "critical"),
        (1200, "URGENT reminder", "emergency"),
        (1800, "Maximum escalation", "emergency"),
    ]
    assert (fall.stops_at, fall.seen_hold_seconds) == ("SEEN", 120)


LAST_RESORT = {"P3": {"manager", "oncall"}, "Default": {"oncall"}}
"""Nobody rings a director up for what can wait until tomorrow."""


@pytest.mark.parametrize("name", bootstrap.POLICIES)
def test_every_policy_ends_with_people_who_are_told(password, name):
    policy = EscalationPolicy.objects.get(name=name)

    assert set(policy.last_resort_groups.values_list("slug", flat=True)) == LAST_RESORT.get(name, {"manager", "director", "oncall"})
    assert all(step.groups.exists() for step in policy.steps.all())
    last = policy.steps.last()
    assert last.delay_seconds + policy.last_resort_after_seconds < policy.expires_after_seconds


def test_a_catch_all_is_there(password):
    assert Route.objects.get(catch_all=True).policy.name == "Default"


@pytest.mark.parametrize("group", bootstrap.GROUPS)
def test_every_group_has_exactly_its_permissions(password, group):
    found = Group.objects.get(name=group).permissions.values_list("content_type__app_label", "codename")

    assert {f"{app}.{codename}" for app, codename in found} == set(bootstrap.GROUPS[group])


def test_schedules_follow_the_table(password):
    Schedule.objects.create(name="foreign", func="os.getcwd")
    Schedule.objects.filter(name="jobs").update(minutes=5)

    bootstrap.run()

    assert dict(Schedule.objects.values_list("name", "func")) == {name: dotted for name, (dotted, _minutes) in PERIODIC.items()}
    assert Schedule.objects.get(name="jobs").minutes == PERIODIC["jobs"][1]


def test_the_command_prints_the_password_once(db, capsys):
    call_command("bootstrap")
    first = capsys.readouterr().out
    call_command("bootstrap")

    assert first.startswith("sentinel: sign in as admin with the password ")
    assert capsys.readouterr().out == ""
