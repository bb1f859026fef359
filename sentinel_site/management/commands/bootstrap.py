"""`manage.py bootstrap`: groups, policies, routes, sources, schedules and one admin user. Safe to run again."""

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Makes what Sentinel cannot work without."""

    help = "Make what Sentinel cannot work without (groups, policies, routes, sources, schedules, one admin user)."

    def handle(self, *_args: object, **_options: object) -> None:
        """Run every part's own bootstrap."""
