"""Finding trouble in technicians' notes."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import notes
from devices.enums import NoteKind

TEXTS = [
    ("Couvercle fissuré sur le côté nord", "cover!"),
    ("The lid does not close", "cover!"),
    ("Couvercle cassé, remplacé ce matin", "cover-"),
    ("Couvercle ok, réservoir vide", "tank!"),
    ("Réservoir plein, couvercle cassé", "cover!"),
    ("Pas de fuite, humidité 45 % ok", ""),
    ("humidity 45 % ok", ""),
    ("Humidité 92 %", "environment!"),
    ("humidity: 28,5 %", "environment!"),
    ("Plus de courant depuis 10h", "supply!"),
    ("Power outage in the east wing", "supply!"),
    ("No water leak", ""),
    ("No water", "tank!"),
    ("Il n'y a plus d'eau dans la cuve", "tank!"),
    ("Le réservoir ne fuit plus", "tank-"),
    ("La cuve n'est pas vide", ""),
    ("La cuve fuit", "tank!"),
    ("Le réservoir sera rempli demain", "tank!"),
    ("Couvercle pas encore réparé", "cover!"),
    ("Cover not fixed yet", "cover!"),
    ("cover fixed", "cover-"),
    ("Batterie faible. Remplacée.", "supply-"),
    ("Battery low; replaced the battery", "supply-"),
    ("Moisissures au plafond", "environment!"),
    ("Aucune moisissure", ""),
    ("Aucune fuite, fissure ou casse sur le couvercle", ""),
    ("Pas de problème, couvercle cassé", "cover!"),
    ("Couvercle et réservoir cassés", "cover! tank!"),
    ("no water, tank empty", "tank!"),
    ("L'alimentation ne fonctionne pas", "supply!"),
    ("alimentation ne fonctionne plus", "supply!"),
    ("power supply not working", "supply!"),
    ("Couvercle mal fermé", "cover!"),
    ("couvercle bien fermé", ""),
    ("Couvercle à remplacer", "cover!"),
    ("Battery needs replacing", "supply!"),
    ("RAS", ""),
    ("Réservoir vidé et nettoyé", "tank-"),
    ("Réservoir vide", "tank!"),
    ("RESERVOIR VIDE", "tank!"),
    ("Fuite sur le réservoir, couvercle remplacé", "cover- tank!"),
    ("Tank is leaking but the cover is fine", "tank!"),
    ("Il fait trop humide dans la salle", "environment!"),
    ("room too dry", "environment!"),
    ("Température 21 °C, humidité 45 %, RAS", ""),
    ("température trop élevée", "environment!"),
    ("The heating is down", "environment!"),
    ("Trempé: condensation sur les murs", "environment!"),
    ("Couvercle réparé, on repassera demain", "cover-"),
    ("La clim est en panne", "environment!"),
    ("Sans couvercle", "cover!"),
    ("Aucun couvercle n'est cassé", ""),
    ("Niveau d'eau plus bas que d'habitude", "tank!"),
    ("Changé la pile", "supply-"),
    ("Prise débranchée", "supply!"),
    ("cable unplugged", "supply!"),
    ("water on the floor", "environment!"),
    ("Fuse tripped, power restored", "supply-"),
    ("We use the plug near the door", ""),
    ("Cover isn’t broken", ""),
    ("Cover is broken", "cover!"),
    ("The cover was broken and has been replaced", "cover-"),
    ("couvercle déchiré ; bâche manquante", "cover!"),
    ("courant rétabli", "supply-"),
    ("Visité le site, rien à signaler", ""),
    ("no sign of a leak at the tank", ""),
    ("Pas de traces de fuite au réservoir", ""),
    ("Nothing wrong with the tank", ""),
    ("tank ok no leak", ""),
    ("batterie 12,4 V ok", ""),
]
"""A note, and what it says of which kind: ! trouble, - repaired."""


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_a_note_says(text, expected):
    assert " ".join(f"{found.kind}{'-' if found.repaired else '!'}" for found in notes.scan(text)) == expected


@pytest.mark.parametrize("write", [str.upper, str.title, lambda text: f"  {text}  ", lambda text: text.replace("'", "’")])
@pytest.mark.parametrize("text", ["L'alimentation ne fonctionne pas", "The lid doesn't close", "Couvercle fissuré"])
def test_the_way_it_is_written_does_not_matter(text, write):
    assert [found.repaired for found in notes.scan(write(text))] == [False]


def test_the_words_are_those_of_the_note():
    assert notes.scan("Visite du 3 mars. Le Couvercle est FISSURÉ, côté nord.")[0].words == "Le Couvercle est FISSURÉ, côté nord"


def test_a_note_may_complain_of_everything():
    text = "Couvercle cassé ! Batterie faible. Réservoir vide; moisissures partout"

    assert [found.kind for found in notes.scan(text)] == list(NoteKind)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_written_is_read(text):
    kinds = [found.kind for found in notes.scan(text)]

    assert len(kinds) == len(set(kinds))


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["couvercle", "cassé", "pas", "de", "plus", ",", ".", "fixed", "no", "tank", "and", "humidité 20 %", "réparé", "\n"]
        ),
        max_size=40,
    )
)
def test_what_is_found_is_short_and_in_the_note(words):
    text = " ".join(words)

    assert all(0 < len(found.words) <= notes.MAX_WORDS for found in notes.scan(text))


@pytest.mark.parametrize(
    "piece", ["casse ", "a,", "couvercle cassé, ", "pas de ", "plus ", "humidite ", "no water leak ", ", ", "\n", "é", "eau eau ", "d'"]
)
def test_a_hostile_note_takes_no_more_than_a_moment(piece):
    text = (piece * 10_000)[:10_000]

    began = time.thread_time()
    notes.scan(text)

    assert time.thread_time() - began < 10
