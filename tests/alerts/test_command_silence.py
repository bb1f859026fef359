"""`manage.py silence`: asks before it silences, and says who did it."""

import io
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from alerts.models import Silence
from tests.callers import make_caller, make_user
from tests.commands import NAMED, document, refused, rows, said
from tests.factories import make_source, raise_alert
from tests.site.test_terminal import Tty

pytestmark = pytest.mark.django_db
OPERATOR = ("alerts.view_silence", "alerts.add_silence", "alerts.delete_silence", "alerts.view_alert")
ADD = ("silence", "add", "source=probe", "--for", "2h", "--reason", "works", *NAMED)


@pytest.fixture
def robin():
    return make_user("robin", *OPERATOR)


def test_a_silence_is_made_listed_and_ended(robin):
    made = document(*ADD, "--yes")
    silence = Silence.objects.get()

    assert (made, made["author"]) == (make_caller(*OPERATOR, name="other").read(f"/silences/{silence.pk}").json(), "robin")
    assert (silence.origin, silence.ends_at - silence.starts_at) == ("command", timedelta(hours=2))
    assert [row[:2] for row in rows("silence", "list")] == [[str(silence.pk), "running"]]
    assert said("silence", "end", str(silence.pk)[:13], *NAMED).split("\t")[:2] == [str(silence.pk), "over"]
    assert refused("silence", "list") == (3, "Nothing is silenced.")
    assert len(rows("silence", "list", "--all")) == 1
    history = LogEntry.objects.filter(object_id=str(silence.pk)).order_by("id").values_list("user__username", "change_message")
    assert list(history) == [("robin", "Made by a command."), ("robin", "Ended by a command.")]


@pytest.mark.parametrize(("answer", "made"), [("y\n", 1), ("\n", 0), ("", 0)])
def test_it_is_made_only_when_somebody_says_yes(robin, monkeypatch, answer, made):
    monkeypatch.setattr("sys.stdin", Tty(answer))

    said(*ADD) if made else refused(*ADD)

    assert Silence.objects.count() == made


def test_the_question_names_the_alerts(robin, monkeypatch, capsys):
    make_source()
    number = raise_alert(at=timezone.now(), title="Loud").number
    monkeypatch.setattr("sys.stdin", Tty("y\n"))

    said(*ADD)

    assert capsys.readouterr().err == f"  #{number} P3 Loud\n1 of 1 open alert matches now. Silence it? [y/N] "


def test_the_question_names_no_alert_to_who_may_see_none(monkeypatch, capsys):
    make_user("robin", "alerts.add_silence")
    make_source()
    raise_alert(at=timezone.now(), title="Loud")
    monkeypatch.setattr("sys.stdin", Tty("n\n"))

    refused(*ADD)

    assert "Loud" not in capsys.readouterr().err


def test_nobody_is_asked_where_nobody_is(robin, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))

    assert refused(*ADD) == (2, "Nobody can be asked here: add --yes.")


def test_one_that_has_not_begun_is_deleted(robin):
    planned = document(*ADD, "--yes", "--from", "+1h")

    assert rows("silence", "list")[0][1] == "planned"
    assert said("silence", "end", planned["id"], *NAMED) == "It had not begun, and was deleted.\n"
    assert not Silence.objects.exists()


@pytest.mark.parametrize(("words", "code"), [
    (("add", "nonsense", "--for", "2h", "--reason", "x", "--yes", *NAMED), 2),
    (("add", "source=probe", "--for", "8d", "--reason", "x", "--yes", *NAMED), 2),
    (("add", "source=probe", "--until", "2h", "--reason", "x", "--yes", *NAMED), 2),
    (("add", "source=probe", "--for", "2h", "--reason", "x", "--yes"), 2),
    (("end", "019a8f2e-7d41-7c55-8b0f-3f6f3b1f2c11", *NAMED), 3), (("end", "019a", *NAMED), 2), (("end", "019a8f2e-7d", *NAMED), 3),
])  # fmt: skip
def test_what_cannot_be_done_is_told(robin, words, code):
    assert refused("silence", *words)[0] == code
    assert not Silence.objects.exists()


def test_who_may_not_silence_does_not(robin):
    make_user("looker", "alerts.view_silence")

    assert refused(*ADD, "--yes", "--as", "looker")[0] == 1
    assert not Silence.objects.exists()
