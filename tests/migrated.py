"""The tests' databases: the first process of a run migrates its own, and the others copy it."""

import os

import psycopg
from django.db import connection
from django.test.utils import setup_databases

COPY = "migrated"
LOCK = 1
AS_WRITTEN = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
    END LOOP;
END $$
"""
"""Rows that nobody asked to sort come as they were written: no room is found for them among those of earlier tests."""


def make() -> None:
    """This process's database, empty but for what migrations write.

    The lock goes with its connection, and the copy appears whole: whoever ends in between leaves nothing half done to the next.
    """
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        found = server.execute("SELECT FROM pg_database WHERE datname = %s", [COPY]).fetchone()
        if found is not None:
            connection.settings_dict["TEST"]["TEMPLATE"] = COPY
        setup_databases(verbosity=0, interactive=False, aliases=["default"], serialized_aliases=[], keepdb=True)
        if found is None:
            with connection.cursor() as cursor:
                cursor.execute(AS_WRITTEN)
            connection.close()
            connection.close_pool()  # what somebody uses cannot be copied
            server.execute(f"CREATE DATABASE {COPY} TEMPLATE {connection.settings_dict['NAME']}")
