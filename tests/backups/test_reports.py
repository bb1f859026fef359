"""Agents' reports, as the specification has them and as they come."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from backups import reports
from backups.reports import UnreadableReportError

END = "2026-03-02T01:25:12Z"


def document(**fields):
    return {"agent_id": "ACME_PARIS_NORTH", "operation_end_time": END, "databases": {"ledger": database()}, **fields}


def database(**fields):
    stage = {
        "status": True,
        "start_time": "2026-03-02T01:00:00Z",
        "end_time": "2026-03-02T01:10:00Z",
        "sha256_checksum": "ab" * 32,
        "size": 7,
    }
    return {"BACKUP": stage, "COMPRESS": stage, "TRANSFER": {"status": True}, "staged_file_name": "ledger.gz", **fields}


def read(**fields):
    return reports.read(json.dumps(document(**fields)).encode())


def only(**fields):
    return read(databases={"ledger": database(**fields)}).databases["ledger"]


def test_a_report_as_it_is_specified():
    report = read(overall_status="completed")

    found = report.databases["ledger"]
    assert (report.agent, report.ended_at, report.overall) == ("ACME_PARIS_NORTH", datetime(2026, 3, 2, 1, 25, 12, tzinfo=UTC), "completed")
    assert (found.fault(), found.size, found.digest, found.staged_name) == ("", 7, "ab" * 32, "ledger.gz")
    assert found.duration_seconds() == 600


@pytest.mark.parametrize("good", [True, "True", "true", "1", 1, "ok", "SUCCESS", "completed"])
def test_words_that_mean_success(good):
    assert only(TRANSFER={"status": good}).fault() == ""


@pytest.mark.parametrize("bad", [False, "False", "false", "0", 0, "no", "failed", "WARN", "Fälsch", 2, [], {}, ["true"]])
def test_every_other_word_is_a_failure(bad):
    assert only(TRANSFER={"status": bad}).fault().startswith("TRANSFER failed")


@pytest.mark.parametrize("nothing", [None, "", "null", {}])
def test_a_stage_that_says_nothing_is_not_judged(nothing):
    assert only(COMPRESS=nothing if nothing == {} else {"status": nothing}).fault() == ""


def test_a_base_that_was_missing_at_the_agent_is_a_failure():
    empty = {"status": "False", "start_time": "", "end_time": "", "sha256": "", "size": "0"}

    assert "BACKUP, COMPRESS, TRANSFER failed" in only(BACKUP=empty, COMPRESS=empty, TRANSFER=empty, staged_file_name="").fault()


def test_a_database_of_which_nothing_is_said_did_not_succeed():
    assert "says of no stage" in read(databases={"ledger": {}}).databases["ledger"].fault()


def test_errors_of_the_agent_are_told():
    assert only(TRANSFER={"status": "False", "error_message": "disk full"}).fault() == "TRANSFER failed; disk full"


@pytest.mark.parametrize("text", ["null", "None", "", None, "NULL"])
def test_an_error_that_is_none(text):
    assert only(TRANSFER={"status": True, "error_message": text}).transfer.error == ""


@pytest.mark.parametrize("key", ["sha256_checksum", "sha256", "hash"])
@pytest.mark.parametrize("value", ["AB" * 32, " " + "ab" * 32 + "\n", "sha256:" + "ab" * 32])
def test_a_checksum_under_each_of_its_names(key, value):
    assert only(COMPRESS={"status": True, key: value}).digest == "ab" * 32


@pytest.mark.parametrize(
    ("given", "bytes_"),
    [
        ("123", 123), (123, 123), (123.0, 123), ("1 234", 1234), ("1,234", 1234),
        ("5 bytes", 5), ("0", 0), (0, 0), ("", None), (None, None),
        (-1, None), ("-1", None), (1.5, None), ("12.5 MB", None), (True, None), ("9" * 40, None), (1e300, None), ([], None), ("٣", None),
    ],
)  # fmt: skip
def test_sizes(given, bytes_):
    assert reports.number(given) == bytes_


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02T01:25:12Z", datetime(2026, 3, 2, 1, 25, 12, tzinfo=UTC)),
        ("2026-03-02 01:25:12", datetime(2026, 3, 2, 1, 25, 12)),
        ("2026-03-02 01:25:12.1234567", datetime(2026, 3, 2, 1, 25, 12, 123456)),
        ("2026-03-02T01:25:12,5", datetime(2026, 3, 2, 1, 25, 12, 500000)),
        ("2026-03-02T02:25:12+01:00", datetime(2026, 3, 2, 1, 25, 12, tzinfo=UTC)),
        ("2026-03-02T02:25:12+0100", datetime(2026, 3, 2, 1, 25, 12, tzinfo=UTC)),
        ("2026-03-02 01:25:12 UTC", datetime(2026, 3, 2, 1, 25, 12, tzinfo=UTC)),
        ("2026-03-02 01:25", datetime(2026, 3, 2, 1, 25)),
        ("2026-13-02 01:25:12", None), ("yesterday", None), ("", None), (12, None), ("0001-01-01T00:00:00+23:59", None),
    ],
)  # fmt: skip
def test_times(text, at):
    assert reports.moment(text) == at


def test_a_time_without_a_zone_is_the_jobs():
    assert reports.aware(datetime(2026, 7, 1, 2, 0), ZoneInfo("Europe/Paris")) == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/var/backups/ledger.sql.gz", "ledger.sql.gz"), ("C:\\Backups\\ledger.zst", "ledger.zst"), ("..\\..\\x", "x"), ("/a/b/", "b"),
        ("plain.db.sql", "plain.db.sql"), ("/mnt\\mixed/x.gz", "x.gz"), ("", ""), ("/", ""),
    ],
)  # fmt: skip
def test_the_agents_own_paths_are_cut_off(path, name):
    assert only(staged_file_name=path).staged_name == name


def test_comments_commas_and_marks_are_taken():
    text = (
        json.dumps(document(), indent=1)
        .replace('"databases"', '// the "bases"\n"databases"')
        .replace('"agent_id"', '"x": "a // b", "agent_id"')
    )
    body = (text.rstrip("}\n ") + "}},\n}").encode("utf-8-sig")

    assert reports.read(body).agent == "ACME_PARIS_NORTH"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_reports_of_windows_machines(encoding):
    body = json.dumps(document(databases={"comptabilité": database()}), ensure_ascii=False).encode(encoding)

    assert list(reports.read(body).databases) == ["comptabilité"]


def test_the_end_is_found_where_the_report_does_not_say_it():
    stages = reports.read(json.dumps(document(operation_end_time="")).encode())
    named = reports.read(
        json.dumps(document(operation_end_time=None, databases={"a": {"BACKUP": {"status": True}}})).encode(),
        name="2026-03-02_03-04-05_X.json",
    )

    assert stages.ended_at == datetime(2026, 3, 2, 1, 10, tzinfo=UTC)
    assert named.ended_at == datetime(2026, 3, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"), (b"{", "not JSON"), (b"[]", "no JSON object"), (b"{}", "no agent_id"), (b"\x80" * 99, "not JSON"),
        (b'{"agent_id": "x", "operation_end_time": "2026-03-02T01:00:00Z", "databases": []}', "no object of databases"),
        (b'{"agent_id": "x", "operation_end_time": "2026-03-02T01:00:00Z", "databases": {}}', "names no database"),
        (b'{"agent_id": "x", "databases": {"a": {"BACKUP": {"status": true}}}}', "when it ended"),
        (b'{"a":' * 50_000, "nested"), (b"/*" * 1_000_000, "not JSON"), (b"," + b" " * 1_000_000, "not JSON"),
        (b'{"agent_id": ' + b"9" * 5000 + b"}", "not JSON"),
        (json.dumps({"agent_id": "x", "databases": {str(number): {} for number in range(1001)}}).encode(), "at most 1000"),
    ],
)  # fmt: skip
def test_what_is_no_report_says_why(body, reason):
    with pytest.raises(UnreadableReportError, match=reason):
        reports.read(body)


def test_what_cannot_be_stored_is_cleaned():
    found = read(databases={"a\x00b\ud800": database(logs_summary="x\x00y", staged_file_name="a\x00.gz")})

    (name,) = found.databases
    assert (name, found.databases[name].summary) == ("a�b�", "x�y")
