"""Statements planned once, on connections whose plans go bad."""

import contextlib

import pytest
from django.db import NotSupportedError, connection, transaction

from sentinel_site.lib import prepared

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = "SELECT name FROM planned ORDER BY name"


@pytest.fixture
def table():
    change("CREATE TABLE planned (name varchar(10))", "INSERT INTO planned VALUES ('Robin')")
    yield
    change("DROP TABLE planned")


def change(*statements):
    """As a migration would, on a connection of its own: ours is not told."""
    with connection.copy().cursor() as other:
        for statement in statements:
            other.execute(statement)
        other.connection.close()


def test_a_migration_while_we_run_costs_a_connection_and_no_statement(table):
    prepared.run(NAMES)

    change("ALTER TABLE planned ALTER name TYPE varchar(200)")

    assert prepared.run(NAMES) == [("Robin",)]


def test_a_migration_while_we_run_costs_one_transaction_at_most(table):
    prepared.run(NAMES)
    change("ALTER TABLE planned ALTER name TYPE varchar(200)")

    with contextlib.suppress(NotSupportedError), transaction.atomic():
        prepared.run(NAMES)

    with transaction.atomic():
        assert prepared.run(NAMES) == [("Robin",)]


def test_a_pooler_that_forgets_plans_costs_a_connection_and_no_statement(table):
    prepared.run(NAMES)

    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")

    assert prepared.run(NAMES) == [("Robin",)]
