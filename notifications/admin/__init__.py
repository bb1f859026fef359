"""The admin of `notifications`, one module per subject; importing them registers them."""

from notifications.admin import calendars, methods, people, schedules, templates, told

__all__ = ["calendars", "methods", "people", "schedules", "templates", "told"]
