from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alerts.models import EscalationPolicy, Route, Silence, Source
from backups.models import ExpectedBackupJob
from devices.models import Device
from jobs.models import Job
from notifications.models import ContactMethod, NotificationRule, OnCallOverride, OnCallSchedule, Recipient, RecipientGroup
from sentinel_site import bootstrap
from sentinel_site.models import ConfigChange
from sentinel_site.transfer import files, taking_in
from sentinel_site.transfer.names import Names
from sentinel_site.transfer.sorts import SORTS
from sentinel_site.transfer.taking_in import CHANGED, NEW, SAME, WRONG
from tests.conftest import NOON
from tests.factories import make_method, make_policy, make_recipient, make_schedule, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss")


def out(name):
    """Everything of one sort, as CSV."""
    sort, names = SORTS[name], Names()
    return files.to_csv(sort.columns, [sort.values(row, names) for row in sort.rows()]).encode()


def rows(name, data):
    return files.read(data, SORTS[name].form)


def into(name, data, by):
    """Take a file in as a person does: looked at, then stored."""
    looked = taking_in.look(SORTS[name], rows(name, data), by=by, at=NOON)
    done = taking_in.take_in(SORTS[name], rows(name, data), by=by, at=NOON, expected=looked.says)
    return looked, done


def states(outcome):
    return [line.state for line in outcome.lines]


def furnish():
    """Something of every sort."""
    ann, bea = make_recipient("Ann", groups=["nurses"]), make_recipient("Béa", email="bea@example.org")
    make_method(ann, kind="sms", address="+33612345678", order=2)
    make_schedule("Nights", ann, bea)
    policy = make_policy("Calls", 0, 60, groups=("nurses",), last_resort=("nurses",))
    policy.steps.first().recipients.add(bea)
    policy.steps.first().schedules.add(OnCallSchedule.objects.get())
    make_source("probe", policy=policy)
    Route.objects.create(position=10, matchers=['room=~"1.*"', "severity=high"], policy=policy, priority=2)
    Device.objects.create(slug="meter", name="=Meter", host="192.168.1.40", password="hush")
    ExpectedBackupJob.objects.create(database_name="crm", company_name="ACME", agent_id_responsible="ACME_PARIS")
    later = timezone.now() + timedelta(days=3)
    NotificationRule.objects.create(recipient=ann, method=ann.contact_methods.get(kind="sms"), priority_to=2, delay_seconds=60)
    OnCallOverride.objects.create(schedule=OnCallSchedule.objects.get(), recipient=bea, starts_at=later, ends_at=later + timedelta(hours=9))
    Silence.objects.create(matchers=["room=12"], reason="Painting", starts_at=later, ends_at=later + timedelta(hours=9))
    first = Job.objects.create(slug="a-second", name="Second", kind="callable", callable="sentinel.exercise", cron="0 3 * * *")
    Job.objects.create(slug="b-first", name="First").children.create(child=first, on="success")


def test_everything_comes_back_into_an_empty_installation(boss):
    furnish()
    before = {name: out(name) for name in SORTS}
    assert b"hush" not in b"".join(before.values())

    for model in (
        Silence,
        OnCallOverride,
        NotificationRule,
        Route,
        Source,
        EscalationPolicy,
        OnCallSchedule,
        RecipientGroup,
        Recipient,
        Device,
        ExpectedBackupJob,
        Job,
    ):
        model.objects.all().delete()
    results = {name: into(name, data, boss)[1] for name, data in before.items() if data.count(b"\r\n") > 1}

    assert [name for name, done in results.items() if done is None] == []
    assert {name: out(name) for name in SORTS} == before


def test_a_look_says_what_would_be_and_stores_nothing(boss):
    make_recipient("Ann")
    data = b"name,language,active\nAnn,fr,true\nBea,en,true\n"

    outcome = taking_in.look(SORTS["recipients"], rows("recipients", data), by=boss, at=NOON)

    assert states(outcome) == [CHANGED, NEW]
    assert outcome.lines[0].changes == {"language": ("en", "fr")}
    assert list(Recipient.objects.values_list("name", "language")) == [("Ann", "en")]


def test_one_wrong_row_keeps_all_others_out(boss):
    data = b"name,language\nAnn,en\nBea,xx\nAnn,fr\n,en\n"

    looked, done = into("recipients", data, boss)

    assert (states(looked), done, Recipient.objects.count()) == ([WRONG] * 4, None, 0)
    assert [line.error.split()[0] for line in looked.lines] == ["This", "language:", "This", "Write"]


def test_what_is_left_out_of_a_file_stays_and_what_is_the_same_is_not_touched(boss):
    device = Device.objects.create(slug="meter", name="Meter", host="192.168.1.40", password="hush", place="Hall")

    looked, done = into("devices", b"slug,place\nmeter,Yard\n", boss)
    again, _ = into("devices", b"slug,place\nmeter,Yard\n", boss)

    device.refresh_from_db()
    assert (states(looked), states(again), device.place, device.password, device.host) == (
        [CHANGED],
        [SAME],
        "Yard",
        "hush",
        "192.168.1.40",
    )
    assert done is not None


def test_the_rules_are_those_of_rest(boss):
    bootstrap.run()
    Device.objects.create(slug="meter", name="Meter", host="192.168.1.40", password="hush")

    wrong = [
        into("devices", b"slug,host\nmeter,192.168.1.66\n", boss)[0],
        into("devices", b"slug,host\nother,127.0.0.1\n", boss)[0],
        into("sources", b"slug,enabled\nsentinel,false\n", boss)[0],
        into("recipient-groups", b'slug,members\nnurses,"[""Nobody""]"\n', boss)[0],
        into("policies", b'name,steps\nEmpty,"[]"\n', boss)[0],
        into("jobs", b"slug,kind,callable\nbad,callable,os.system\n", boss)[0],
        into("contact-methods", b"recipient,kind,address\nNobody,webhook,https://example.org/x\n", boss)[0],
        into("recipients", b"name,id\nAnn,1\n".replace(b"id", b"user"), boss)[0],
    ]

    assert [states(outcome) for outcome in wrong] == [[WRONG]] * 8
    assert [outcome.lines[0].error for outcome in wrong if not outcome.lines[0].error] == []


def test_two_of_one_name_are_not_guessed_at(boss):
    make_recipient("Ann"), make_recipient("Ann", email="other@example.org")

    looked, _ = into("recipients", b"name,language\nAnn,fr\n", boss)
    grouped, _ = into("recipient-groups", b'slug,members\nnurses,"[""Ann""]"\n', boss)

    assert [outcome.lines[0].error[:33] for outcome in (looked, grouped)] == [
        "There are 2 called “Ann”, so that",
        "members: several are called “Ann”",
    ]


def test_what_a_job_hands_on_names_no_row():
    handed = {"arguments": {"schedule": "nightly", "recipient": 7, "members": ["x"]}}

    assert Names().numbered(handed, {}) == handed


def test_who_may_not_verify_brings_no_verified_address(boss):
    make_recipient("Ann")
    operator = User.objects.create_user("operator")
    bootstrap.run()
    operator.groups.set(bootstrap.Group.objects.filter(name="Operator"))
    data = b"recipient,group,kind,address,verified\nAnn,,email,new@example.org,true\n"

    assert states(into("contact-methods", data, operator)[0]) == [WRONG]
    assert states(into("contact-methods", data, boss)[0]) == [NEW]


def test_who_would_not_be_called_any_more_is_told_before(boss):
    make_recipient("Ann", groups=["oncall"])
    make_source("probe", policy=make_policy("Calls", groups=("oncall",)))

    looked = taking_in.look(SORTS["recipients"], rows("recipients", b"name,active\nAnn,false\n"), by=boss, at=NOON)

    assert looked.good
    assert [finding.level for finding in looked.findings][:1] == ["error"]


def test_what_changed_since_it_was_looked_at_is_not_overwritten(boss):
    make_recipient("Ann")
    data = b"name,language\nAnn,fr\n"
    looked = taking_in.look(SORTS["recipients"], rows("recipients", data), by=boss, at=NOON)
    Recipient.objects.update(language="fr", time_zone="Europe/Paris")

    assert taking_in.take_in(SORTS["recipients"], rows("recipients", data), by=boss, at=NOON, expected=looked.says) is None


def test_a_file_leaves_its_name_in_the_history(client, boss):
    client.force_login(boss)
    page = client.post("/admin/transfer/recipients/", {"file": SimpleUploadedFile("people.csv", b"name\nAnn\n")})
    assert (page.status_code, Recipient.objects.count()) == (200, 0)

    done = client.post("/admin/transfer/recipients/", {"held": page.context_data["held"]})

    assert (done.status_code, Recipient.objects.get().name) == (302, "Ann")
    change = ConfigChange.objects.get()
    assert (change.via, change.where, change.by, change.action) == ("import", "people.csv", boss, "created")


def test_no_secret_and_no_key_of_an_address_leaves(boss):
    ann = make_recipient("Ann")
    make_method(ann, kind="webhook", address="https://hooks.example.org/T0/very-hidden", secret="whsec_" + "c" * 32)
    Job.objects.create(slug="call", name="Call", kind="http", http_url="https://example.org/?token=hidden", http_headers="X-Key: hidden")

    everything = b"".join(out(name) for name in SORTS)

    assert (b"hidden" in everything, b"whsec_" in everything) == (False, False)
    assert ContactMethod.objects.count() == 2


def test_rules_and_what_is_planned_come_in_once(boss):
    ann = make_recipient("Ann")
    make_schedule("Nights", ann)
    for ends in ("78", "99"):
        make_method(ann, kind="sms", address=f"+336123456{ends}")
    rules = b"recipient,kind,method,delay_seconds\nAnn,,sms +33\xe2\x80\xa678,60\nAnn,voice,,120\nAnn,,sms +4\xe2\x80\xa678,0\n"
    overrides = b"schedule;recipient;starts_at;ends_at\nNights;Ann;2090-12-24T09:00:00+01:00;2090-12-24T12:00Z\n"
    over = overrides.replace(b"2090", b"2020")

    looked = [into("notification-rules", rules, boss)[0], *(into("overrides", each, boss)[0] for each in (overrides, overrides, over))]

    assert [states(outcome) for outcome in looked] == [[NEW, NEW, WRONG], [NEW], [SAME], [WRONG]]
    assert "no contact method of theirs looks like" in looked[0].lines[2].error
    assert (NotificationRule.objects.count(), OnCallOverride.objects.count()) == (0, 1)


def test_rules_that_differ_in_their_delay_alone_are_two(boss):
    ann = make_recipient("Ann")
    head, first, second = b"recipient,kind,delay_seconds\n", b"Ann,sms,0\n", b"Ann,sms,600\n"

    added = [into("notification-rules", head + rows, boss)[0] for rows in (first, first + second, first + second)]
    changed, _ = into("notification-rules", head + b"Ann,sms,900\n", boss)
    twice, _ = into("notification-rules", head + first + first, boss)

    assert [states(outcome) for outcome in (*added, changed, twice)] == [[NEW], [SAME, NEW], [SAME, SAME], [NEW], [WRONG, WRONG]]
    assert sorted(ann.notification_rules.values_list("delay_seconds", flat=True)) == [0, 600, 900]
    assert changed.lines[0].name == "Ann / P1 / P5 / sms /  / 900"


def test_a_delay_is_changed_where_it_is_the_only_rule_of_its_kind(boss):
    ann = make_recipient("Ann")
    NotificationRule.objects.create(recipient=ann, kind="sms", delay_seconds=60)

    looked, _ = into("notification-rules", b"recipient,kind,delay_seconds\nAnn,sms,900\n", boss)

    assert (states(looked), looked.lines[0].changes) == ([CHANGED], {"delay_seconds": ("60", "900")})
    assert ann.notification_rules.get().delay_seconds == 900


def test_who_took_out_what_stays_in_the_history(client, boss):
    make_recipient("Ann")
    client.force_login(boss)

    file = client.get("/admin/transfer/contact-methods.csv?separator=semicolon").content.decode()

    assert file.startswith("\ufeffrecipient;")
    change = ConfigChange.objects.get()
    assert (change.action, change.by, change.model) == ("exported", boss, "notifications.contactmethod")
    assert (change.object_words, change.where[:26]) == ("contact-methods, rows: 1", "sentinel-contact-methods-2")
    assert client.get(f"/admin/sentinel_site/configchange/{change.pk}/change/").status_code == 200
    assert client.get("/admin/transfer/contact-methods.csv?separator=x").status_code == 404
