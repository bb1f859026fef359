"""Statements planned once: what they give back, and that they follow the tables."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from alerts import intake
from alerts.models import Source
from notifications.models import ContactMethod
from sentinel_site.lib import prepared, rows
from tests.conftest import NOON
from tests.factories import make_method, make_recipient, make_source, report

pytestmark = pytest.mark.django_db


def test_a_row_is_built_as_the_orm_builds_it():
    source = make_source("probe", dedup_attributes=["source", "type"])

    (values,) = prepared.run(f"SELECT {prepared.columns(Source, 's')} FROM alerts_source AS s WHERE s.slug = %s", ["probe"])

    built = prepared.build(Source, values)
    assert (built, built.dedup_attributes, built._state.adding) == (source, ["source", "type"], False)


def test_what_is_left_out_is_read_when_it_is_asked_for(django_assert_num_queries):
    make_method(make_recipient(), address="second@example.org", order=2)
    secret = frozenset({"address", "secret"})
    statement = f"SELECT {prepared.columns(ContactMethod, 'm', without=secret)} FROM notifications_contactmethod AS m ORDER BY m.order"

    method = [prepared.build(ContactMethod, row, without=secret) for row in prepared.run(statement)][1]

    with django_assert_num_queries(1):
        assert method.address == "second@example.org"


def test_a_statement_outlives_a_change_of_its_table():
    make_source("probe")
    statement = "SELECT * FROM alerts_source AS s WHERE s.slug = %s"
    before = [len(prepared.run(statement, ["probe"])[0]) for _ in range(7)]

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_source")

    assert [len(prepared.run(statement, ["probe"])[0]) for _ in range(7)] == before


@pytest.mark.django_db(transaction=True)
def test_a_report_is_stored_although_the_server_forgot_the_plan():
    make_source("probe")
    intake.accept([report()], at=NOON)
    connection.connection.pgconn.exec_(b"DEALLOCATE ALL")  # as a pooler does, without a word to anybody

    (outcome,) = intake.accept([report()], at=NOON)

    assert outcome.created is False
    with transaction.atomic():
        transaction.set_rollback(True)  # whoever comes next begins without plans


def test_an_error_is_django_s_and_spoils_the_transaction_as_usual():
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.run("INSERT INTO alerts_stepclaim (alert_id, round, step, at) VALUES (NULL, 1, 0, now())")

    with pytest.raises(DatabaseError), transaction.atomic():
        prepared.run("SELECT * FROM nothing")

    assert prepared.run("SELECT 1") == [(1,)]


def test_a_row_that_is_there_brings_none_of_its_parts():
    person = make_recipient()
    twin = ContactMethod.objects.get()

    fresh = rows.insert_with([person], [twin], by="recipient", topic="sentinel_outbox")

    assert (fresh, ContactMethod.objects.count()) == (set(), 1)
