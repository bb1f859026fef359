"""Emptying the database after a test that committed: Django's way, but only where there is something.

Django truncates all tables and makes every content type and permission anew, after each such test; that took minutes of a run.
"""

from functools import cache

from django.core.management.commands import flush
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from alerts import routing

TRIES = 20
LARGE_BYTES = 262_144
HOLDS = f"SELECT '{{table}}', size FROM pg_relation_size('{{table}}') AS size WHERE size > {LARGE_BYTES} OR EXISTS (SELECT FROM {{table}})"
KEPT = {"django_content_type", "auth_permission"}
"""Written by the migrations, and the same for every test."""
COUNTERS = "alerts_eventcounter"
RAISED = f"UPDATE {COUNTERS} SET value = value + 1 WHERE id = {routing.VERSION_ROW}"
"""A web server that serves several tests would take the routing table of the one before for this one's, at the same version."""


@cache
def _tables() -> list[str]:
    return sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT - {COUNTERS})


class Command(flush.Command):
    """``flush`` for tests; sequences go on, and so does the version of the routing table."""

    def handle(self, **options):
        """Empty every table that holds something, once nobody works on any of them.

        A program that is still at work may take tables in another order; whoever PostgreSQL makes give way, and when it
        keeps one for longer than a lock is waited for, this comes again.
        """
        tries = TRIES
        while not _emptied(give_up=not tries):
            tries -= 1


def _emptied(*, give_up):
    try:
        _empty()
    except OperationalError as error:
        if give_up or not isinstance(error.__cause__, (DeadlockDetected, LockNotAvailable)):
            raise
        return False
    return True


def _empty():
    """Delete the rows one by one, past all triggers; a file that has become large is exchanged for a new one, with all that refer to it.

    Exchanging 400 files for the one row of a test takes ten times as long as the test.
    """
    holds = " UNION ALL ".join(HOLDS.format(table=table) for table in _tables())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join([*_tables(), COUNTERS])} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(holds)
        found = dict(cursor.fetchall())
        if large := [table for table, size in found.items() if size > LARGE_BYTES]:
            cursor.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in found.keys() - large:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute(f"DELETE FROM {COUNTERS} WHERE id <> {routing.VERSION_ROW}")
        cursor.execute(RAISED)
