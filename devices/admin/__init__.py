"""The admin of `devices`, one module per subject; importing them registers them."""

from devices.admin import devices, notes, record, rules

__all__ = ["devices", "notes", "record", "rules"]
