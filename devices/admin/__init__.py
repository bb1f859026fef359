"""The admin of `devices`, one module per subject; importing them registers them."""

from devices.admin import devices, record, rules

__all__ = ["devices", "record", "rules"]
