from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.config import SourceForm
from devices.config import DeviceForm
from notifications.people import RecipientForm
from notifications.schedule_config import OverrideForm
from sentinel_site.transfer import files
from sentinel_site.transfer.files import Unreadable

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=20)


@pytest.mark.parametrize("text", ["=1+1", "+33612345678", "-2", "@SUM(A1)", "\t=1", "'=1", "''=1", " =1", "'\u3000=1", "＝1", "－1"])
def test_what_a_spreadsheet_would_take_for_a_formula_is_written_as_text_and_comes_back(text):
    written = files.to_csv(["name"], [{"name": text}])

    assert written.split("\r\n")[1].strip('"').startswith("'")
    assert files.read(written.encode(), RecipientForm) == [{"name": text}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_would_be_a_formula_where_lines_are_parted_otherwise_comes_back(delimiter):
    rows = [{"slug": "a", "name": "Hall;=1,=2\n-3\t+4", "dedup_attributes": ["x;=1", "=2", "it;'=3"]}]

    written = files.to_csv(list(rows[0]), rows, delimiter=delimiter)

    assert "Hall;'=1,'=2\n'-3\t'+4" in written
    assert files.read(written.encode(), SourceForm) == rows


@given(TEXT.filter(lambda text: text.strip()))
def test_every_text_comes_back_as_it_was(text):
    assert files.read(files.to_csv(["name", "language"], [{"name": text, "language": "en"}]).encode(), RecipientForm)[0]["name"] == text


def test_lists_nothing_and_truth_come_back():
    row = {"slug": "probe", "policy": None, "dedup_attributes": ["source", "label.a"], "enabled": True, "group_max": 3}

    (read,) = files.read(files.to_csv(list(row), [row]).encode(), SourceForm)

    assert read == {"slug": "probe", "policy": None, "dedup_attributes": ["source", "label.a"], "enabled": "true", "group_max": "3"}
    assert SourceForm.model_validate(read).model_dump(include=set(row)) == row
    assert files.read(files.to_json([row]).encode(), SourceForm) == [row]


def test_a_spreadsheets_semicolons_and_byte_order_mark_are_understood():
    assert files.read("\ufeffname;active\r\nAnn;false\r\n".encode(), RecipientForm) == [{"name": "Ann", "active": "false"}]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no rows"),
        (b"name\n", "no rows"),
        (b"name,hat\nAnn,1\n", "no column"),
        (b"name,name\nAnn,1\n", "each once"),
        (b"name\nAnn,Bea\n", "more cells"),
        (b'name\n"Ann\n', "no CSV"),
        (b"name\n\xff\xfe\n", "not UTF-8"),
        (b"name\nA\x00nn\n", "NUL"),
        (b"PK\x03\x04", "no column|no rows"),
        (b'{"name": "Ann"}', "list of objects"),
        (b"[1, 2]", "list of objects"),
        (b"[" * 5000, "no JSON"),
        (b'[{"name": NaN}]', "no JSON"),
        (b"name\n" + b"Ann\n" * (files.MAX_ROWS + 1), "more than 2000 rows"),
        (b"[" + b"{}," * files.MAX_ROWS + b"{}]", "more than 2000 rows"),
        (b"name\n" + b"A" * files.MAX_BYTES, "KiB"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(data, why):
    with pytest.raises(Unreadable, match=why):
        files.read(data, RecipientForm)


def test_what_a_french_spreadsheet_makes_of_a_file_is_understood():
    text = "slug;enabled;poll_seconds\r\nmeter;FAUX;1,5\r\n"
    (device,) = files.read(text.encode(), DeviceForm)
    (override,) = files.read(b"starts_at;ends_at\r\n24/12/2026 08:00;2026-12-24 18:30\r\n", OverrideForm)

    assert device == {"slug": "meter", "enabled": "false", "poll_seconds": "1.5"}
    assert override == {"starts_at": "2026-12-24T08:00:00.000Z", "ends_at": "2026-12-24T18:30:00.000Z"}
    assert files.to_csv(["name"], [{"name": "a;b"}], delimiter=";") == 'name\r\n"a;b"\r\n'


@pytest.mark.parametrize(("separator", "found"), [(";", True), ("\t", True), (",", False)])
def test_a_date_that_can_be_meant_in_two_ways_is_found(separator, found):
    cells = ["03/04/2026 08:00", "24/12/2026 08:00", "4/4/2026", "2026-03-04", "04/04/0000", "13/13/2026"]
    text = f"starts_at{separator}ends_at\n" + "\n".join(f"{cell}{separator}1/2/2026" for cell in cells[:1]) + "\n"
    clear = f"starts_at{separator}ends_at\n" + "\n".join(f"{cell}{separator}" for cell in cells[1:]) + "\n"

    expected = [(1, "starts_at", "03/04/2026 08:00", date(2026, 4, 3)), (1, "ends_at", "1/2/2026", date(2026, 2, 1))]

    assert files.unclear_dates(text, OverrideForm) == (expected if found else [])
    assert files.unclear_dates(clear, OverrideForm) == files.unclear_dates('[{"starts_at": "1/2/2026"}]', OverrideForm) == []


def test_an_instant_is_the_same_however_it_is_written():
    written = ("2026-12-24T09:00:00+01:00", "2026-12-24T08:00Z", " 2026-12-24 08:00:00+00:00 ", "soon", "24/12/2026 08:00")
    rows = files.read(("starts_at\n" + "\n".join(written)).encode(), OverrideForm)

    assert [row["starts_at"] for row in rows] == ["2026-12-24T08:00:00.000Z"] * 3 + ["soon", "24/12/2026 08:00"]
