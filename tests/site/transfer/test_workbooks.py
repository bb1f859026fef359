"""Spreadsheets: they come back as they went out, say the same as CSV, and bring nobody down."""

import io
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from alerts.config import SourceForm
from devices.config import DeviceForm
from notifications.models import Recipient
from notifications.people import RecipientForm
from notifications.schedule_config import OverrideForm
from sentinel_site.transfer import files, workbooks
from sentinel_site.transfer.files import Unreadable
from tests.factories import make_recipient

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TRICKY = ["=1+1", "+33612345678", "-2", "007", " a ", "a\r\nb;=1", "\t=1", "'=1", "1\x1b", "24/12/2026", "😀 é", "true", "#REF!", "["]


def sheet(*rows, others=()):
    """A file with these rows in its first sheet, and ``others`` in further ones."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for title, value in others:
        book.create_sheet(title)["A1"] = value
    return saved(book)


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(data, form=RecipientForm):
    assert workbooks.is_one(data)
    return files.read(workbooks.as_csv(data)[0].encode(), form)


def remade(data, **parts):
    """The file with other contents of some parts, named by the ends of their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            end = part.filename.rpartition("/")[2].removesuffix(".xml")
            new.writestr(part.filename, parts.pop(end, old.read(part)))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def test_every_text_comes_back_and_is_no_formula():
    rows = [{"name": text, "language": "en"} for text in TRICKY]

    data = workbooks.made(RecipientForm, ["name", "language"], rows)

    assert read(data) == rows
    cells = load_workbook(io.BytesIO(data)).active["A"]
    assert {(cell.data_type, cell.number_format) for cell in cells[1:]} == {("s", "@")}


def test_lists_numbers_truth_and_nothing_come_back():
    row = {"slug": "probe", "policy": None, "dedup_attributes": ["source", "label.a"], "enabled": True, "group_max": 3}

    (found,) = read(workbooks.made(SourceForm, list(row), [row]), SourceForm)

    assert SourceForm.model_validate(found).model_dump(include=set(row)) == row


def test_instants_go_out_by_the_sites_clock_and_come_back(settings):
    settings.TIME_ZONE = "Europe/Paris"
    written = ["2026-12-24T08:00:00.000Z", "2026-07-01T22:00:00.123Z", "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"]
    rows = [{"starts_at": at, "ends_at": at} for at in written]

    data = workbooks.made(OverrideForm, ["starts_at", "ends_at"], rows)

    assert read(data, OverrideForm) == rows
    first = load_workbook(io.BytesIO(data)).active["A2"]
    assert (first.value, first.number_format) == (datetime(2026, 12, 24, 9, 0), "yyyy-mm-dd hh:mm")


def test_a_sheet_out_can_be_read_by_people():
    page = load_workbook(io.BytesIO(workbooks.made(RecipientForm, ["name", "language"], [{"name": "A" * 300, "language": "en"}]))).active

    assert (page["A1"].font.bold, page.freeze_panes, page.column_dimensions["A"].width, page.column_dimensions["B"].width) == (
        True,
        "A2",
        62,
        10,
    )


def test_cells_say_what_the_same_text_would_in_csv():
    data = sheet(
        ["slug", "enabled", "poll_seconds", "port", "place"], ["meter", False, 1.5, 2255.0, 33612345678], ["other", "VRAI", "0,5", 80, None]
    )

    assert read(data, DeviceForm) == [
        {"slug": "meter", "enabled": "false", "poll_seconds": "1.5", "port": "2255", "place": "33612345678"},
        {"slug": "other", "enabled": "true", "poll_seconds": "0.5", "port": "80", "place": ""},
    ]


def test_dates_and_times_are_written_as_rest_writes_them():
    cells = [datetime(2026, 12, 24, 8, 30), datetime(2026, 12, 24, 8, 30, 15, 250000), date(2026, 12, 24), time(8, 30), time(8, 30, 5)]

    text, _said = workbooks.as_csv(sheet(["a", "b", "c", "d", "e"], cells))

    assert text.splitlines()[1] == "2026-12-24T08:30:00;2026-12-24T08:30:15.250;2026-12-24;08:30;08:30:05"


def test_empty_rows_and_columns_merged_cells_and_further_sheets_are_no_hindrance():
    book = Workbook()
    page = book.active
    page.title = "People"
    for place, value in {"A2": "name", "C2": "language", "A4": "Ann", "C4": "fr", "A9": "Béa", "C9": "en", "H30": "  "}.items():
        page[place] = value
    page.merge_cells("A9:B9")
    book.create_sheet("Empty")
    book.create_sheet("Old")["B7"] = 1

    text, said = workbooks.as_csv(saved(book))

    assert files.read(text.encode(), RecipientForm) == [{"name": "Ann", "language": "fr"}, {"name": "Béa", "language": "en"}]
    assert said == "Only the first sheet, “People”, was read. There is something in these, too: Old."


def test_what_nobody_sees_is_not_read():
    book = Workbook()
    book.active.append(["hidden"])
    book.active.title, book.active.sheet_state = "Old", "veryHidden"
    book.create_sheet("People").append(["name"])
    book.active = 1

    text, said = workbooks.as_csv(saved(book))

    assert text == "name\r\n"
    assert "“People”" in said
    assert "Old" in said


def test_an_instant_that_no_calendar_shows_stays_text():
    assert [
        workbooks.made(OverrideForm, ["starts_at"], [{"starts_at": text}])[:2] for text in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")
    ] == [b"PK", b"PK"]


def test_what_a_spreadsheet_escapes_is_read():
    page = f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData><row>{{}}</row></sheetData></worksheet>'
    cell = '<c t="inlineStr"><is><t>a_x000D_b_x0000_</t></is></c>'

    assert workbooks.as_csv(remade(sheet(["name"]), sheet1=page.format(cell)))[0] == '"a\rb\x00"\r\n'


def bomb():
    """A sheet of 40 MiB in some ten kilobytes."""
    return remade(sheet(["name"]), sheet1=b" " * 40 * 1024 * 1024)


def entities():
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return remade(sheet(["name"]), sheet1=f'<!DOCTYPE x [<!ENTITY l0 "ha">{lines}]><worksheet><sheetData>&l9;</sheetData></worksheet>')


def far():
    page = f'<worksheet xmlns="{MAIN}"><sheetData><row r="{10**15}"><c><v>1</v></c></row></sheetData></worksheet>'
    return remade(sheet(["name"]), sheet1=page)


def wide():
    book = Workbook()
    book.active["XFD1"] = "x"
    return saved(book)


def unbounded():
    """Small by what it says of itself; of this kind of packing nobody knows the end before it is unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("xl/workbook.xml", b" " * 1000)
    return out.getvalue()


def hidden():
    book = Workbook()
    book.create_sheet("Seen")
    for each in book.worksheets:
        each.sheet_state = "hidden"
    data = io.BytesIO()
    book.worksheets[1].sheet_state = "visible"
    book.save(data)
    name = "xl/workbook.xml"
    with zipfile.ZipFile(data) as old:
        text = old.read(name).decode()
    return remade(data.getvalue(), workbook=text.replace('state="visible"', 'state="veryHidden"').encode())


def encrypted():
    data = bytearray(sheet(["name"]))
    for place in range(len(data) - 4):
        if data[place : place + 4] == b"PK\x01\x02":
            data[place + 8] |= 1
    return bytes(data)


def zipped(name, content=b"x"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (lambda: sheet(["name"], ["=1+1"]), "Cell A2 holds a formula. Copy"),
        (lambda: sheet(["name"], ["#REF!"]), "Cell A2 holds an error .#REF!"),
        (lambda: sheet(["name"], [timedelta(hours=30)]), "Cell A2 holds a length of time"),
        (lambda: sheet(["name"], *([["Ann"]] * (files.MAX_ROWS + 1))), "more than 2000 rows"),
        (lambda: sheet(["name"] * 101), "Cell CW1 lies beyond column CV"),
        (wide, "Cell XFD1 lies beyond column CV"),
        (far, "below row 20000|too long"),
        (bomb, "Unpacked, the spreadsheet is too big"),
        (entities, "can be read .ValueError"),
        (lambda: remade(sheet(["name"]), **{f"x{n}": b"" for n in range(501)}), "Unpacked, the spreadsheet is too big"),
        (lambda: remade(sheet(["name"], ["A" * 30_000]), **{"workbook": b"<x>"}), "can be read"),
        (lambda: sheet(["name"], *([["A" * 30_000]] * 20)), "more than 512 KiB"),
        (encrypted, "encrypted"),
        (unbounded, "packed in an unusual way"),
        (hidden, "All sheets of the spreadsheet are hidden"),
        (lambda: zipped("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), "another kind"),
        (lambda: zipped("xl/workbook.bin"), "another kind"),
        (lambda: zipped("readme.txt"), "can be read .KeyError"),
        (lambda: b"PK\x03\x04 and nothing", "can be read .BadZipFile"),
        (lambda: workbooks.OLD + b"\0" * 600, "old spreadsheet"),
        (lambda: workbooks.OLD + b"\0" * 600 + workbooks.ENCRYPTED, "encrypted"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(data, why):
    with pytest.raises(Unreadable, match=why):
        workbooks.as_csv(data())


@pytest.mark.parametrize("text", ["A" * 40_000, "_x000D_"])
def test_what_the_format_cannot_hold_is_not_cut_off_but_refused(text):
    with pytest.raises(Unreadable, match="in cell A2"):
        workbooks.made(RecipientForm, ["name"], [{"name": text}])


@pytest.mark.django_db
def test_a_spreadsheet_goes_through_the_pages(client):
    client.force_login(User.objects.create_superuser("boss"))
    make_recipient("Ann", language="en")
    out = client.get("/admin/transfer/recipients.xlsx")
    book = load_workbook(io.BytesIO(out.content))
    names = [cell.value for cell in book.active[1]]
    book.active.cell(2, names.index("language") + 1).value = "fr"
    book.create_sheet("Notes")["A1"] = "x"

    page = client.post("/admin/transfer/recipients/", {"file": SimpleUploadedFile("people.xlsx", saved(book))})
    client.post("/admin/transfer/recipients/", {"held": page.context_data["held"]})

    assert ("spreadsheetml" in out["Content-Type"], "too: Notes." in page.content.decode()) == (True, True)
    assert list(Recipient.objects.values_list("name", "language")) == [("Ann", "fr")]


@pytest.mark.django_db
def test_a_spreadsheet_that_cannot_be_made_says_so_on_the_page(client):
    client.force_login(User.objects.create_superuser("boss"))
    make_recipient("_x0041_")

    answer = client.get("/admin/transfer/recipients.xlsx")

    assert (answer.status_code, "Take it out as CSV or JSON" in answer.content.decode()) == (422, True)
