"""`manage.py bootstrap`: groups, policies, routes, sources, schedules and one admin user. Safe to run again."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sentinel_site import bootstrap, env

LOCK = 7_361_001
"""Advisory lock: two machines that start together prepare one after the other."""


class Command(BaseCommand):
    """Makes what Sentinel cannot work without."""

    help = "Make what Sentinel cannot work without (groups, policies, routes, sources, schedules, one admin user)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """`--migrate` brings the tables up to date first."""
        parser.add_argument("--migrate", action="store_true", help="apply missing migrations first")

    def handle(self, *_args: object, **options: object) -> None:
        """Prepare the database; print the admin's password when there was none before."""
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        executor = MigrationExecutor(connection)
        if options["migrate"] and executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)
        given = env.text("SENTINEL_ADMIN_PASSWORD")
        password = bootstrap.run(admin_password=given)
        if password:
            shown = "from SENTINEL_ADMIN_PASSWORD" if given else f"{password}   (shown this once)"
            self.stdout.write(f"sentinel: sign in as {bootstrap.ADMIN} with the password {shown}")
            self.stdout.write(f"sentinel: first steps, once it is ready: {settings.SENTINEL_BASE_URL}/admin/first-steps/")
