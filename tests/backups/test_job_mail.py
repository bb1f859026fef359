"""The job's own address is told once for each alert, and that it is over."""

from datetime import timedelta

import pytest
from django.db import connection

from alerts import intake
from alerts.models import Alert, Silence
from backups import backup_alerts
from backups.enums import BackupVerdict
from notifications.models import ContactMethod, Delivery, Notification, Recipient
from notifications.rendering import Wording
from tests.backups.rows import entry, expected
from tests.backups.test_backup_alerts import DAY, LATER, NIGHT
from tests.factories import make_policy, make_recipient, make_source

pytestmark = pytest.mark.django_db
ADDRESS = "dba@acme.example"


@pytest.fixture(autouse=True)
def sources():
    policy = make_policy()
    for slug in ("backups", intake.OWN_SOURCE):
        make_source(slug, policy=policy)


@pytest.fixture
def job():
    return expected(email_for_notifications=ADDRESS)


def told():
    return list(Notification.objects.order_by("id").values_list("recipient__name", "reason"))


def test_the_address_is_told_once_and_that_it_is_over(job):
    bad = entry(job, NIGHT)
    backup_alerts.tell(job, bad, at=LATER)
    backup_alerts.tell(job, bad, at=LATER + timedelta(minutes=15))
    Delivery.objects.update(attempts=1, status="sent")

    backup_alerts.recover(job, entry(job, NIGHT + DAY, BackupVerdict.SUCCESS), at=LATER + DAY)

    assert told() == [(ADDRESS, "first"), (ADDRESS, "resolved")]
    assert set(Delivery.objects.values_list("transport", flat=True)) == {"email"}


def test_two_jobs_with_one_address_make_one_recipient(job):
    other = expected("stock", email_for_notifications=ADDRESS)

    backup_alerts.settle([(each, entry(each, NIGHT)) for each in (job, other)], at=LATER)
    backup_alerts.tell(job, entry(job, NIGHT + DAY), at=LATER + DAY)

    assert (Recipient.objects.count(), ContactMethod.objects.count(), Notification.objects.count()) == (1, 1, 3)


def test_somebody_who_has_the_address_is_told_as_that_person(job):
    make_recipient("Robin Vale", email=ADDRESS, language="fr")

    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)

    assert told() == [("Robin Vale", "first")]
    assert "Aucune sauvegarde de accounts" in Wording(Delivery.objects.get()).subject


def test_whom_the_policy_tells_by_mail_is_not_told_twice(job):
    make_recipient("Robin Vale", email=ADDRESS, groups=["oncall"])

    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)

    assert told() == []


def test_a_silence_holds_for_the_address_as_well(job):
    Silence.objects.create(matchers=["agent=ACME_LYON_NORTH"], starts_at=NIGHT, ends_at=LATER + DAY, reason="The machine moves.")

    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)

    assert told() == []


def test_somebody_who_was_made_inactive_stays_so(job):
    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)
    Recipient.objects.update(active=False)

    backup_alerts.tell(job, entry(job, NIGHT + DAY), at=LATER + DAY)

    assert (Recipient.objects.count(), len(told())) == (1, 1)


def test_a_hundred_jobs_of_one_address_fail_at_once_and_their_reader_gets_few_mails(settings):
    jobs = [expected(f"db{number}", email_for_notifications=ADDRESS) for number in range(100)]

    backup_alerts.settle([(each, entry(each, NIGHT)) for each in jobs], at=LATER)

    assert Delivery.objects.count() <= settings.SENTINEL_STORM_MESSAGES + 1
    assert Notification.objects.filter(reason="first").count() == 100


def test_an_alert_is_not_lost_for_a_mail_that_cannot_be_queued(job, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_contactmethod RENAME TO taken_away")

    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)

    assert Alert.objects.get().type == "backup-missing"
    assert "nobody is told by mail" in caplog.text
