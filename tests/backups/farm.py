"""Backup agents on this disk: folders, files, reports, and a scan of them. It is 2099, so that no file is too fresh to be judged."""

import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain

from backups import deposit, scanner
from backups.models import BackupEntry, ExpectedBackupJob

AT = datetime(2099, 6, 1, 12, 0, tzinfo=UTC)
AGENT = "ACME_PARIS_NORTH"
CONTENT = b"a dump of base1\n" * 500


class Farm:
    """The three places under ``path``."""

    def __init__(self, path, settings):
        self.deposit = settings.SENTINEL_BACKUP_DEPOSIT = path / "deposit"
        self.store = settings.SENTINEL_BACKUP_STORE = path / "store"
        self.quarantine = settings.SENTINEL_BACKUP_QUARANTINE = path / "quarantine"

    def stage(self, name="base1.sql.gz", content=CONTENT, *, agent=AGENT, folder="databases"):
        """A file that an agent left. Returns its path."""
        place = self.deposit / agent / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
        return place / name

    def log(self, document, *, agent=AGENT, name="20990601_113000_ACME.json"):
        """A report as it is (bytes, text or a JSON value). Returns its path."""
        place = self.deposit / agent / "log"
        place.mkdir(parents=True, exist_ok=True)
        body = document if isinstance(document, bytes | str) else json.dumps(document)
        (place / name).write_bytes(body if isinstance(body, bytes) else body.encode())
        return place / name

    def reported(self, *databases, name="20990601_113000_ACME.json", agent=AGENT, **fields):
        """A report about ``databases`` (as `database` makes them; one good base1 when none is given)."""
        return self.log(report(*databases, agent_id=agent, **fields), agent=agent, name=name)

    def good(self, name="base1", content=CONTENT, *, agent=AGENT, at=AT - timedelta(minutes=30), staged=""):
        """A file and its report."""
        file = staged or f"{name}.sql.gz"
        self.stage(file, content, agent=agent)
        return self.reported(database(name, content, staged=file), agent=agent, name=f"{at:%Y%m%d_%H%M%S}_{name}.json", at=at)

    def scan(self, at=AT):
        """One scan. Returns its counts."""
        return scanner.run(trigger="asked", clock=lambda: at)

    def stored(self):
        """What lies in the store, by its path in it."""
        found = {}
        for path in self.store.rglob("*"):
            with suppress(FileNotFoundError, IsADirectoryError):  # a scan that runs moves them
                found[path.relative_to(self.store).as_posix()] = path.read_bytes()
        return found

    def waiting(self, agent=AGENT):
        """The reports that were not put away."""
        return sorted(path.name for path in (self.deposit / agent / "log").glob("*.json"))


def collected(root, **more):
    """The reports of all agents."""
    return list(deposit.collect(root, list(chain.from_iterable(deposit.places(root).values())), at=AT, **more))


def database(name="base1", content=CONTENT, *, staged="", digest="", size=None, **stages):
    """One database of a report, as the written specification has it; ``stages`` change it."""
    end = "2099-06-01T11:29:00Z"
    digest, size = digest or hashlib.sha256(content).hexdigest(), len(content) if size is None else size
    whole = {"status": True, "start_time": "2099-06-01T11:00:00Z", "end_time": end}
    return name, {
        "BACKUP": {**whole, "sha256_checksum": "0" * 64, "size": size * 3} | stages.get("BACKUP", {}),
        "COMPRESS": {**whole, "sha256_checksum": digest, "size": size} | stages.get("COMPRESS", {}),
        "TRANSFER": {**whole, "error_message": None} | stages.get("TRANSFER", {}),
        "staged_file_name": staged or f"{name}.sql.gz",
    }


def report(*databases, at=AT - timedelta(minutes=30), agent_id=AGENT, **fields):
    """A whole report."""
    return {
        "operation_start_time": "2099-06-01T11:00:00Z", "operation_end_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "agent_id": agent_id,
        "overall_status": "completed", "databases": dict(databases or [database()]), **fields,
    }  # fmt: skip


def expect(name="base1", *, agent=AGENT, **fields):
    """A job expected daily at 11:30 UTC."""
    given = {
        "agent_id_responsible": agent, "company_name": "ACME", "city": "Paris", "expected_hour_utc": 11, "expected_minute_utc": 30,
        **fields,
    }  # fmt: skip
    return ExpectedBackupJob.objects.create(database_name=name, **given)


def entry(job):
    """The only entry of a job."""
    return BackupEntry.objects.get(expected_job=job)


def verdicts():
    """What was decided, by the database's name."""
    rows = BackupEntry.objects.order_by("expected_job__database_name", "cycle_at")
    return list(rows.values_list("expected_job__database_name", "status"))
