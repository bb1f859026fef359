"""The admin of `notifications`, one module per subject; importing them registers them."""

from notifications.admin import methods, people, told

__all__ = ["methods", "people", "told"]
