"""What others send fits the columns it is kept in, whatever it is."""

import json

from hypothesis import given
from hypothesis import strategies as st

from backups import fitting
from backups.models import BackupEntry

ANY_TEXT = st.text(st.characters(), max_size=300) | st.sampled_from(["\0", "a\0b", "\ud800", "é" * 300, "x" * 600])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ANY_TEXT, inner, max_size=5), max_leaves=20)


@given(ANY_TEXT, st.integers(1, 200))
def test_text_is_cut_and_can_be_stored(text, limit):
    fit = fitting.text(text, limit)

    assert len(fit) <= limit
    assert "\0" not in fit.encode().decode()


@given(DOCUMENTS)
def test_a_document_can_be_stored_as_json(document):
    stored = json.dumps(fitting.document(document), allow_nan=False, ensure_ascii=False)

    assert "\\u0000" not in stored
    assert stored.encode()


@given(ANY_TEXT, ANY_TEXT)
def test_identities_that_differ_stay_different(one, other):
    assert (fitting.key("k" * 119 + one) == fitting.key("k" * 119 + other)) == (one == other)
    assert len(fitting.key("k" * 119 + one)) <= 120


def test_deep_and_huge_documents_are_cut():
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]

    assert len(json.dumps(fitting.document({"deep": deep, "many": list(range(5000))}))) < 8000
    assert fitting.document({"number": 10**5000, "nan": float("nan")}) == {"number": None, "nan": None}


def test_numbers_beyond_their_column_are_left_out():
    assert [fitting.column(BackupEntry, "size_bytes", number) for number in (2**63, -(2**63) - 1, 2**63 - 1)] == [None, None, 2**63 - 1]
    assert fitting.column(BackupEntry, "duration_seconds", float("nan")) is None
