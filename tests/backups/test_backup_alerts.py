"""One alert for each bad cycle, over with the next success; one more, of medium severity, for what is good and odd."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts import intake, lifecycle
from alerts.enums import AlertStatus
from alerts.models import Alert, AlertEvent, LogEntry, Source
from backups import backup_alerts
from backups.enums import BackupVerdict, Suspicion
from tests.backups.rows import entry, expected
from tests.factories import make_policy, make_source, raise_alert

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NIGHT + timedelta(hours=1)
SUCCESS, FAILED, MISSING = BackupVerdict.SUCCESS, BackupVerdict.FAILED, BackupVerdict.MISSING


@pytest.fixture(autouse=True)
def sources():
    policy = make_policy()
    for slug in ("backups", intake.OWN_SOURCE):
        make_source(slug, policy=policy)


@pytest.fixture
def job():
    return expected()


def alerts():
    return list(Alert.objects.order_by("number").values_list("type", "status", "occurrences"))


def test_a_bad_cycle_is_one_alert_however_often_it_is_decided(job):
    bad = entry(job, NIGHT)

    backup_alerts.tell(job, bad, at=LATER)
    backup_alerts.tell(job, bad, at=LATER + DAY)

    alert = Alert.objects.get()
    bad.refresh_from_db()
    assert (alert.type, alert.severity, alert.subject, alert.occurrences) == ("backup-missing", "high", "ACME_LYON_NORTH/accounts", 1)
    assert (alert.dedup_key, bad.alert_id) == (f"backup:{job.pk}:2026-03-02T02:00:00.000Z", alert.pk)
    assert alert.log.count() == 1
    assert [link["href"].partition("/live/")[2] for link in alert.links] == [f"backups/{job.pk}/?entry={bad.pk}"]
    assert alert.translations["fr"]["links"][0]["text"] == "L’historique de cette sauvegarde"


def test_every_bad_cycle_has_its_own_and_one_success_ends_them_all(job):
    for night in range(2):
        backup_alerts.tell(job, entry(job, NIGHT + night * DAY, FAILED), at=LATER + night * DAY)

    backup_alerts.recover(job, entry(job, NIGHT + 2 * DAY, SUCCESS), at=LATER + 2 * DAY)

    assert alerts() == [("backup-failed", AlertStatus.RESOLVED, 1)] * 2
    assert set(Alert.objects.values_list("resolution", flat=True)) == {"recovered"}


def test_a_late_report_about_an_earlier_run_ends_nothing_of_a_later_one(job):
    first = entry(job, NIGHT)
    backup_alerts.tell(job, first, at=LATER)
    backup_alerts.tell(job, entry(job, NIGHT + DAY, FAILED), at=LATER + DAY)

    first.status = SUCCESS
    backup_alerts.recover(job, first, at=LATER + DAY)

    assert [status for _, status, _ in alerts()] == [AlertStatus.RESOLVED, AlertStatus.PENDING]


def test_nobody_is_called_for_a_bad_run_after_which_a_good_one_came(job):
    entry(job, NIGHT + DAY, SUCCESS)

    backup_alerts.tell(job, entry(job, NIGHT, FAILED), at=LATER + DAY)

    assert alerts() == []


def test_better_evidence_changes_the_words_of_the_open_alert(job):
    told = entry(job, NIGHT)
    backup_alerts.tell(job, told, at=LATER)

    told.status, told.message = FAILED, "disk full"
    backup_alerts.tell(job, told, at=LATER + DAY)

    alert = Alert.objects.get()
    assert (alert.type, alert.occurrences, "disk full" in alert.description) == ("backup-failed", 1, True)
    assert list(alert.log.order_by("id").values_list("kind", flat=True)) == ["raised", "comment"]


def test_a_bad_verdict_after_the_success_of_the_same_run_is_told_again(job):
    told = entry(job, NIGHT)
    for hour, verdict in enumerate((MISSING, SUCCESS, FAILED)):
        told.status = verdict
        told.save()
        backup_alerts.settle([(job, told)], at=LATER + timedelta(hours=hour))

    assert alerts() == [("backup-missing", AlertStatus.RESOLVED, 1), ("backup-failed", AlertStatus.PENDING, 1)]


def test_an_odd_success_is_one_medium_alert_of_the_job_until_one_is_not_odd(job):
    for night in range(2):
        odd = entry(job, NIGHT + night * DAY, SUCCESS, suspicions=[Suspicion.TOO_SMALL])
        backup_alerts.recover(job, odd, at=LATER + night * DAY)
    assert [(a.type, a.severity, a.status) for a in Alert.objects.all()] == [("backup-suspicious", "medium", AlertStatus.PENDING)]

    backup_alerts.recover(job, entry(job, NIGHT + 2 * DAY, SUCCESS), at=LATER + 2 * DAY)

    assert alerts() == [("backup-suspicious", AlertStatus.RESOLVED, 1)]


def test_a_success_that_is_odd_ends_what_was_bad(job):
    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)

    backup_alerts.recover(job, entry(job, NIGHT + DAY, SUCCESS, suspicions=[Suspicion.UNREADABLE]), at=LATER + DAY)

    assert [(kind, status) for kind, status, _ in alerts()] == [
        ("backup-missing", AlertStatus.RESOLVED), ("backup-suspicious", AlertStatus.PENDING)
    ]  # fmt: skip


@pytest.mark.parametrize(("change_expected", "raised"), [(False, 0), (True, 1)])
def test_unchanged_content_is_told_only_where_a_change_is_expected(change_expected, raised):
    job = expected(change_expected=change_expected)

    backup_alerts.recover(job, entry(job, NIGHT, SUCCESS, suspicions=[Suspicion.UNCHANGED]), at=LATER)

    assert Alert.objects.count() == raised


def test_what_one_job_recovers_from_is_nothing_of_another():
    jobs = [expected(), expected("stock")]
    backup_alerts.settle([(job, entry(job, NIGHT)) for job in jobs], at=LATER)

    backup_alerts.recover(jobs[1], entry(jobs[1], NIGHT + DAY, SUCCESS), at=LATER + DAY)

    assert list(Alert.objects.order_by("subject").values_list("status", flat=True)) == [AlertStatus.PENDING, AlertStatus.RESOLVED]


def test_many_at_once_cost_few_statements(django_assert_max_num_queries):
    pairs = [(job, entry(job, NIGHT, FAILED)) for job in [expected(f"db{n}") for n in range(40)]]

    with django_assert_max_num_queries(30):
        backup_alerts.settle(pairs, at=LATER)

    assert Alert.objects.count() == 40


def test_without_the_source_sentinel_itself_raises_it(job):
    Source.objects.filter(slug="backups").delete()

    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)
    backup_alerts.recover(job, entry(job, NIGHT + DAY, SUCCESS), at=LATER + DAY)

    assert list(Alert.objects.values_list("source__slug", "status")) == [("sentinel", AlertStatus.RESOLVED)]


def test_an_alert_that_somebody_resolved_is_left_as_it_is(job, user):
    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)
    lifecycle.resolve(Alert.objects.get(), by=user, at=LATER)

    backup_alerts.recover(job, entry(job, NIGHT + DAY, SUCCESS), at=LATER + DAY)

    assert Alert.objects.get().resolution == "handled"


def test_after_one_settling_the_feed_tells_all_of_it(job):
    backup_alerts.settle([(job, entry(job, NIGHT)), (job, entry(job, NIGHT + DAY, FAILED))], at=LATER + DAY)
    backup_alerts.recover(job, entry(job, NIGHT + 2 * DAY, SUCCESS), at=LATER + 2 * DAY)

    assert list(AlertEvent.objects.order_by("id").values_list("kind", flat=True)) == ["raised", "raised", "status", "status"]
    assert LogEntry.objects.filter(kind="status").count() == 2


@pytest.mark.parametrize("gone", [True, False])
def test_the_alerts_of_a_job_that_nobody_watches_any_more_are_over(job, gone):
    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)
    other = expected("stock")
    backup_alerts.tell(other, entry(other, NIGHT), at=LATER)

    job.delete() if gone else type(job).objects.filter(pk=job.pk).update(is_active=False)

    assert [backup_alerts.abandon(at=LATER), backup_alerts.abandon(at=LATER)] == [1, 0]
    assert set(Alert.objects.values_list("subject", "resolution")) == {("ACME_LYON_NORTH/accounts", "auto"), ("ACME_LYON_NORTH/stock", "")}


def test_an_alert_is_not_lost_for_its_words(job, caplog):
    odd = entry(job, NIGHT, SUCCESS, suspicions=[Suspicion.TOO_SMALL], evidence={"usual": "garbage"})

    backup_alerts.recover(job, odd, at=LATER)

    assert Alert.objects.get().title == "Backup: accounts: success"
    assert "plain ones are told" in caplog.text


@pytest.mark.parametrize("key", ["backup:" + "-" * 36, "backup:" + "a" * 36, "backup-odd:", "backup:x:y", "backup" + ":" * 40])
def test_a_key_that_only_looks_like_ours_stops_nothing(job, key):
    raise_alert(source="backups", dedup_key=key, at=LATER)

    backup_alerts.tell(job, entry(job, NIGHT), at=LATER)

    assert backup_alerts.with_open_alerts({job.pk}) == {job.pk}
    assert (backup_alerts.abandon(at=LATER), Alert.objects.filter(status=AlertStatus.PENDING).count()) == (0, 2)
