"""What a forked process does with what its parent had open."""

import multiprocessing
import os

import pytest
from django.db import connection

from sentinel_site.lib import parents

_fork = multiprocessing.get_context("fork")


def _backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def _answer(answers, parent):
    parents.die_with(parent)
    parents.own_connections()
    answers.send((_backend(), getattr(connection, "pool", None) is None))
    connection.close()
    os._exit(0)


@pytest.mark.django_db(transaction=True)
def test_a_forked_process_has_one_connection_of_its_own_and_its_parent_keeps_what_it_had():
    before = _backend()
    answers, answering = _fork.Pipe(duplex=False)
    process = _fork.Process(target=_answer, args=(answering, os.getpid()))
    process.start()
    answering.close()

    backend, has_no_pool = answers.recv()
    process.join(60)

    assert (process.exitcode, has_no_pool) == (0, True)
    assert backend != before == _backend()
