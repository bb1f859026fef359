"""The rows of `backups`."""

from backups.models.entry import BackupEntry, RestoreProof
from backups.models.job import ExpectedBackupJob, PingKey
from backups.models.ping import Ping
from backups.models.report import QuarantinedReport, Scan, UnexpectedDatabase

__all__ = [
    "BackupEntry", "ExpectedBackupJob", "Ping", "PingKey", "QuarantinedReport", "RestoreProof", "Scan", "UnexpectedDatabase",
]  # fmt: skip
