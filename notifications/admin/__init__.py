"""The admin of `notifications`, one module per subject; importing them registers them."""

from notifications.admin import methods, people, templates, told

__all__ = ["methods", "people", "templates", "told"]
