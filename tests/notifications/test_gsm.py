"""How many segments a text takes, and what is left out when it is too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import gsm

END = "Reply 1 4821 to take it, 2 4821 to pass it on."


@pytest.mark.parametrize(("text", "count"), [
    ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("é" * 160, 1), ("€" * 80, 1), ("€" * 81, 2), ("ж" * 70, 1),
    ("ж" * 71, 2), ("ж" * 134, 2), ("ж" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2),
])  # fmt: skip
def test_segments_are_counted_as_the_network_does(text, count):
    assert gsm.segments(text) == count


@pytest.mark.parametrize(("text", "written"), [
    ("Chute à l’étage, à côté du cœur – 38,5 °C…", "Chute à l'étage, à coté du coeur - 38,5 C..."),
    ("Répondez où ça brûle, n° 12", "Répondez où ca brule, no 12"), ("Übergröße Ångström", "Übergröße Ångström"),
    ("Łódź Straße naïve", "Lodz Straße naive"), ("\u202fAlarm 🔥 now", " Alarm  now"), ("Падение в комнате 12", "Падение в комнате 12"),
    ("転倒 room 12 – ê", "転倒 room 12 – ê"), ("ＦＡＬＬ １２", "FALL 12"),
])  # fmt: skip
def test_accents_stay_where_the_alphabet_has_them(text, written):
    assert gsm.plain(text) == written


def test_the_later_parts_are_left_out_first():
    assert gsm.fit(["a" * 100, "b" * 300, "c" * 200], END) == f"{'a' * 100} {'b' * 300} {END}"


@pytest.mark.parametrize("title", ["x" * 1000, "é" * 1000, "€" * 1000, "ж" * 1000, "😀ж" * 500])
def test_the_end_survives_every_title(title):
    text = gsm.fit([title, "where"], END)

    assert text.endswith(f"... {END}")
    assert gsm.segments(text) == gsm.MAX_SEGMENTS


@given(st.lists(st.text(max_size=400), max_size=4))
def test_whatever_comes_fits(parts):
    text = gsm.fit(parts, END)

    assert gsm.segments(text) <= gsm.MAX_SEGMENTS
    assert text.endswith(END)
