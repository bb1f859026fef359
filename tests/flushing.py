"""Emptying the database after a test that committed: Django's way, but only where there is something.

Django truncates all tables and makes every content type and permission anew, after each such test; that took minutes of a run.
"""

from functools import cache

from django.core.management.commands import flush
from django.db import connection

KEPT = {"django_content_type", "auth_permission"}
"""Written by the migrations, and the same for every test."""


@cache
def _which() -> str:
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    return " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {connection.ops.quote_name(table)})" for table in tables)


class Command(flush.Command):
    """``flush`` for tests; sequences go on."""

    def handle(self, **options):
        """Delete every row of every table that has any."""
        with connection.cursor() as cursor:
            cursor.execute(_which())
            found = [connection.ops.quote_name(table) for (table,) in cursor.fetchall()]
            # All rows go, so no constraint and no trigger need be asked; truncating makes new files for each table and index.
            cursor.execute(
                ";".join(["BEGIN", "SET LOCAL session_replication_role = replica", *(f"DELETE FROM {name}" for name in found), "COMMIT"])
            )
