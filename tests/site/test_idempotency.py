"""Idempotency-Key."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from alerts.models import Alert
from sentinel_site.models import IdempotentAnswer
from tests.callers import REPORTER, KeyClient, make_caller
from tests.factories import make_source

REPORT = {"source": "probe", "title": "x"}
KEY = {"Idempotency-Key": "one"}


@pytest.fixture
def caller(db):
    make_source()
    return make_caller(*REPORTER, "alerts.add_source")


def test_the_same_request_gets_the_same_answer_and_has_one_effect(caller):
    first, again = caller.send("/alerts", REPORT, **KEY), caller.send("/alerts", REPORT, **KEY)

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert (again["Idempotent-Replayed"], Alert.objects.get().occurrences) == ("true", 1)


@pytest.mark.parametrize(("path", "body"), [("/alerts", REPORT | {"title": "y"}), ("/alerts/batch", {"alerts": [REPORT]})])
def test_the_key_cannot_be_used_for_another_request(caller, path, body):
    caller.send("/alerts", REPORT, **KEY)

    answer = caller.send(path, body, **KEY)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["header", "Idempotency-Key"])
    assert Alert.objects.get().occurrences == 1


def test_another_user_may_use_the_same_key(caller):
    caller.send("/alerts", REPORT, **KEY)

    assert make_caller(*REPORTER, name="other").send("/alerts", REPORT, **KEY).status_code == 200


def test_a_refused_request_may_be_corrected_and_sent_again(caller):
    refused = caller.send("/alerts", {"source": "probe"}, **KEY)

    assert (refused.status_code, caller.send("/alerts", REPORT, **KEY).status_code) == (422, 201)


def test_after_a_day_the_key_is_free(caller):
    caller.send("/alerts", REPORT, **KEY)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert caller.send("/alerts", REPORT, **KEY).status_code == 200


@pytest.mark.parametrize(("age", "status"), [(1, 409), (60, 201)])
def test_a_request_in_work_is_waited_for_unless_its_process_died(caller, age, status):
    caller.send("/alerts", REPORT, **KEY)
    Alert.objects.all().delete()
    IdempotentAnswer.objects.update(status=0, body=[], created_at=timezone.now() - timedelta(seconds=age))

    answer = caller.send("/alerts", REPORT, **KEY)

    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, "1" if status == 409 else None)


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_a_bad_key_is_refused(caller, key):
    assert caller.send("/alerts", REPORT, **{"Idempotency-Key": key}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_does_the_work():
    make_source()
    key = make_caller(*REPORTER).defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    answers = []

    def ask():
        answers.append(KeyClient(key).send("/alerts", REPORT, **KEY).status_code)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert (set(answers) <= {201, 409}, 201 in answers, Alert.objects.get().occurrences) == (True, True, 1)
