"""The record in words."""

import pytest
from django.utils import translation

from alerts import sentences
from alerts.enums import LogKind
from alerts.models import LogEntry


@pytest.mark.parametrize(("kind", "actor", "detail", "sentence"), [
    ("raised", "", {}, "The alert was raised."),
    ("status", "Robin", {"from": "PENDING", "to": "ACKNOWLEDGED", "promise": "calling", "note": "on it"},
     "The alert was acknowledged by Robin, saying “I call”: on it."),
    ("status", "", {"to": "EXPIRED"}, "The alert expired: nobody answered in time."),
    ("status", "Robin", {"to": "RESOLVED", "resolution": "help_sent"}, "The alert was resolved by Robin as “Help sent”."),
    ("step", "", {"step": 0, "label": "On call", "recipients": ["Ana"], "messages": 1, "late_seconds": 4.2},
     "Step 1 “On call”: told Ana with 1 message, 4 s late."),
    ("empty_step", "", {"step": 1, "unreachable": ["Jules has no contact method"]},
     "Step 2 reached nobody. Not reachable: Jules has no contact method."),
    ("repeated", "", {"priority": [3, 1], "severity": "critical"}, "It was reported again as critical: priority P3 became P1."),
    ("cancelled", "", {"messages": 2}, "2 waiting messages cancelled: it was answered meanwhile."),
    ("comment", "Ana", {"note": "Is it you?"}, "Ana: Is it you?"),
    ("unheard_of", "", {}, "unheard_of."),
])  # fmt: skip
def test_an_entry_reads_as_a_sentence(kind, actor, detail, sentence):
    assert sentences.of(LogEntry(kind=kind, actor=actor, detail=detail)) == sentence


@pytest.mark.parametrize("kind", LogKind.values)
def test_every_kind_has_words_even_without_detail(kind):
    assert sentences.of(LogEntry(kind=kind, detail={}))


@pytest.mark.parametrize(("kind", "actor", "detail", "sentence"), [
    ("status", "Robin", {"to": "ACKNOWLEDGED", "promise": "calling", "note": "vu"},
     "L’alerte a été prise en charge par Robin, en disant «\u00a0J’appelle\u00a0»\u00a0: vu."),
    ("step", "", {"step": 0, "label": "Astreinte", "recipients": ["Ana"], "messages": 2},
     "Étape 1 «\u00a0Astreinte\u00a0»\u00a0: Ana prévenu(s) par 2 messages."),
    ("empty_step", "", {"step": 1, "unreachable": ["Jules"]}, "Étape 2\u00a0: personne n’a pu être joint. Injoignable(s)\u00a0: Jules."),
    ("cancelled", "", {"messages": 1}, "1 message en attente annulé\u00a0: quelqu’un a répondu entre-temps."),
    ("raised", "", {}, "L’alerte a été déclenchée."),
])  # fmt: skip
def test_the_record_speaks_french(kind, actor, detail, sentence):
    with translation.override("fr"):
        assert sentences.of(LogEntry(kind=kind, actor=actor, detail=detail)) == sentence
