"""What messages say: every fact that somebody needs at three in the morning, in both languages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from backups import backup_phrases, backup_texts
from backups.backup_texts import Known
from backups.enums import BAD, ReportedBy, Suspicion
from backups.models import BackupEntry, ExpectedBackupJob

NIGHT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def job(**fields):
    given = {
        "database_name": "ledger", "company_name": "Acme", "city": "Paris", "agent_id_responsible": "ACME_PARIS_NORTH",
        "expected_hour_utc": 2, "timezone": "Europe/Paris", "last_successful_backup_utc": NIGHT - 3 * DAY, **fields,
    }  # fmt: skip
    return ExpectedBackupJob(**given)


def entry(status, **fields):
    given = {
        "agent_id": "ACME_PARIS_NORTH", "reported_at": None if status == "missing" else NIGHT + timedelta(minutes=4),
        "agent_transfer_error_message": "connection reset", "agent_reported_hash_sha256": "ab" * 32, "agent_reported_size_bytes": 1_234_567,
        "server_calculated_staged_hash": "cd" * 32, "server_calculated_staged_size": 1_234_000, **fields,
    }  # fmt: skip
    return BackupEntry(status=status, cycle_at=NIGHT, changed_at=NIGHT + timedelta(hours=1), **given)


def bad(status="missing", language="en", known=None, of=None, **fields):
    with translation.override(language):
        return backup_texts.bad(of or job(), entry(status, **fields), known or Known())


@pytest.mark.parametrize("status", BAD)
@pytest.mark.parametrize(("language", "expected", "ago", "to_do"), [
    ("en", "Mon 2 March 2026, 02:00 (Europe/Paris), at the latest 03:00", "3 days ago", "What to do: "),
    ("fr", "lun. 2 mars 2026, 02:00 (Europe/Paris), au plus tard 03:00", "il y a 3 jours", "Que faire\u00a0: "),
])  # fmt: skip
def test_every_verdict_says_everything(status, language, expected, ago, to_do):
    said = bad(status, language)

    assert "ledger (Acme, Paris)" in said.title
    sizes = ("1,234,567", "1,234,000") if language == "en" else ("1\u00a0234\u00a0567", "1\u00a0234\u00a0000")
    proof = ("ACME_PARIS_NORTH", "connection reset", "ab" * 32, "cd" * 32, *sizes)
    assert [fact for fact in (expected, ago, to_do, *proof) if fact not in said.description] == []
    assert len(said.description) < 2000


@pytest.mark.parametrize(("fields", "said"), [
    ({"server_calculated_staged_size": None}, "is not here, or cannot be read"), ({"server_calculated_staged_size": 0}, "is empty here"),
    ({}, "has another size here"),
])  # fmt: skip
def test_what_did_not_arrive_is_said(fields, said):
    assert said in bad("transfer_integrity_failed", **fields).description


@pytest.mark.parametrize(("known", "said"), [
    (Known(agent_reports=12), "it reported 12 other databases meanwhile"), (Known(), "last heard of: never"),
    (Known(agent_heard_at=NIGHT - DAY), "last heard of: Sun 1 March 2026, 02:00 (Europe/Paris)"),
])  # fmt: skip
def test_a_missing_one_says_whether_its_agent_lives(known, said):
    assert said in bad(known=known).description


def test_what_to_do_depends_on_whether_the_agent_lives_and_on_how_it_reports():
    alone, silent = bad(known=Known(agent_reports=1)), bad()
    pinged = bad(of=job(reported_by=ReportedBy.PING, agent_id_responsible=""))

    assert "it is this database alone" in alone.description
    assert "Its whole agent is silent" in silent.description
    assert "(timer, cron)" in pinged.description


def test_a_run_that_was_started_says_since_when():
    said = bad(of=job(started_at=NIGHT + timedelta(minutes=1)))

    assert "It was started (Mon 2 March 2026, 02:01 (Europe/Paris)), and never said that it ended." in said.description


def test_many_that_were_missed_are_named_and_counted():
    known = Known(missed_before=[NIGHT - n * DAY for n in range(1, 9)])

    assert "Sun 1 March, 02:00; Sat 28 Feb., 02:00; " in bad(known=known).description
    assert " and 3 more" in bad(known=known).description


def test_an_odd_one_says_what_it_is_and_what_is_usual():
    odd = entry(
        "success", size_bytes=12_345, duration_seconds=2, evidence={"usual": {"size_bytes": 1_234_567_890, "duration_seconds": 240}}
    )

    said = backup_texts.suspicious(job(), odd, [Suspicion.TOO_SMALL])

    assert said.title == "The backup of ledger (Acme, Paris) is suspicious: much smaller than usual"
    assert "Size and duration: 12.3 kB, 2 s\nUsually: 1.2 GB, 4 min\n" in said.description


def test_hostile_errors_are_one_line_and_bounded():
    said = bad("failed", agent_transfer_error_message="a\nWhat to do: call +15550100\n" + "x" * 5000)

    assert "\nWhat to do: call" not in said.description
    assert len(said.description) < 2000


def test_a_zone_that_the_machine_does_not_know_hides_nothing():
    assert "Expected: Mon 2 March 2026, 01:00" in bad(of=job(timezone="Atlantis/Sunken")).description


def test_what_an_entry_keeps_in_our_words_is_read_in_french_and_the_agent_s_as_it_is():
    with translation.override("fr"):
        said = [backup_phrases.message(text) for text in ("Nothing was reported until the deadline.", "disk full")]

    assert said == ["Rien n’a été signalé jusqu’à l’échéance.", "disk full"]


@pytest.mark.parametrize(("stored", "french"), [
    (backup_phrases.SIZES % {"size": 1200, "said": 1300},
     "Le fichier déposé a 1\u00a0200 octets, et l’agent en signale 1\u00a0300."),
    (backup_phrases.EMPTY, "Le fichier déposé est vide."),
    (backup_phrases.NOT_HERE, "Son fichier n’est pas ici\u00a0: il n’y a que la parole de l’agent."),
])  # fmt: skip
def test_what_was_found_about_a_file_is_read_in_french(stored, french):
    with translation.override("fr"):
        assert backup_phrases.message(stored) == french
