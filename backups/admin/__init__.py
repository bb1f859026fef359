"""The admin of `backups`, one module per subject; importing them registers them."""

from backups.admin import entries, jobs, keys, scanning, strays

__all__ = ["entries", "jobs", "keys", "scanning", "strays"]
