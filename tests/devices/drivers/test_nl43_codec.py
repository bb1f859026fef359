"""What the meter says, as values."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers import nl43_codec as codec
from devices.enums import RunState
from devices.errors import BadReply, CommandRefused

MAIN = [
    " 61.2",
    " 58.0",
    " 85.1",
    " 79.9",
    " 31.4",
    " 66.0",
    " 62.0",
    " 55.0",
    " 48.0",
    " 45.0",
    " 95.3",
    " 59.0",
    "  -.-",
    "  -.-",
    "0",
    "0",
]
OFF = ["  -.-"] * 14 + ["-", "-"]
DOD = ",".join(MAIN + OFF * 3)
DRD_MAIN = [" 61.2", " 58.0", " 79.9", " 31.4", " 95.3", " 59.0", "0", "0"]
DRD = ",".join(["  7", *DRD_MAIN, *(["  -.-"] * 6 + ["-", "-"]) * 3])
VALUES = {
    "lp": 61.2, "leq": 58.0, "le": 85.1, "lmax": 79.9, "lmin": 31.4, "ln1": 66.0, "ln2": 62.0, "ln3": 55.0, "ln4": 48.0, "ln5": 45.0,
    "lpeak": 95.3, "lieq": 59.0, "leq_mov": None, "ltm5": None,
}  # fmt: skip
levels = st.integers(-200, 2000).map(lambda tenths: tenths / 10)


def with_field(index, text):
    fields = MAIN + OFF * 3
    fields[index] = text
    return ",".join(fields)


def test_present_values_are_read_by_their_place():
    assert codec.dod(DOD) == codec.Levels(VALUES, overload=False, under_range=False)


@pytest.mark.parametrize("index", range(1, 14))
@pytest.mark.parametrize("blank", ["  -.-", " --.-", "     ", "", "-"])
def test_a_blank_keeps_its_place(index, blank):
    name = codec.LEVELS[index]

    assert codec.dod(with_field(index, blank)).values == {**VALUES, name: None}


@pytest.mark.parametrize("index", range(14))
@pytest.mark.parametrize("text", [
    "nan", "NaN", "inf", "-inf", "Infinity", "1e2", "0x10", "6 1.2", "61.2dB", "\u0666\u0661.\u0662", "1_0.0", "--61.2", "+61.2",
    "61.", ".5", "1234.5",
])  # fmt: skip
def test_what_is_no_level_makes_the_line_a_bad_reply(index, text):
    with pytest.raises(BadReply):
        codec.dod(with_field(index, text))


@pytest.mark.parametrize("text", ["999.9", "-99.9", "200.1", "-20.1", "-.-"])
def test_a_level_no_meter_can_measure_is_refused(text):
    assert codec.dod(with_field(10, text)).values == {**VALUES, "lpeak": None}
    with pytest.raises(BadReply):
        codec.dod(with_field(0, text))


@pytest.mark.parametrize("shift", range(1, 64))
def test_shifted_columns_are_noticed(shift):
    fields = DOD.split(",")

    with pytest.raises(BadReply):
        codec.dod(",".join(fields[shift:] + fields[:shift]))


@pytest.mark.parametrize("line", ["", "R+0000", DOD + ",1", DOD.rpartition(",")[0], "Start", DOD.replace(" 61.2,", "", 1)])
def test_a_line_of_another_length_is_a_bad_reply(line):
    with pytest.raises(BadReply):
        codec.dod(line)


def test_other_channels_are_there_when_they_are_on():
    found = codec.dod(",".join(MAIN + [" 50.0", *OFF[1:14], "1", "0"] + OFF * 2))

    assert (found.values["sub1_lp"], found.values["sub1_leq"], found.overload) == (50.0, None, True)
    assert "sub2_lp" not in found.values


def test_final_values_have_no_present_level():
    assert codec.dod(with_field(0, "  -.-"), final=True).values == {**VALUES, "lp": None}


@given(st.lists(levels, min_size=14, max_size=14))
def test_every_line_a_meter_can_send_is_read_back(numbers):
    numbers[3], numbers[4] = max(numbers[3:5]), min(numbers[3:5])

    found = codec.dod(",".join([f"{number:5.1f}" for number in numbers] + ["0", "1"] + OFF * 3))

    assert list(found.values.values()) == numbers
    assert found.under_range


@given(
    st.one_of(
        st.text(max_size=400), st.lists(st.sampled_from([" 61.2", "nan", "0", "-", "", "999.9", "R+0000"]), max_size=70).map(",".join)
    )
)
def test_no_line_gives_a_value_that_is_no_level(text):
    for read in (codec.dod, codec.drd):
        try:
            found = read(text)
        except BadReply:
            continue
        values = (found if read is codec.dod else found.levels).values.values()
        assert all(value is None or (math.isfinite(value) and -20 <= value <= 200) for value in values)


@given(st.binary(max_size=200))
def test_no_bytes_make_a_line_that_holds_control_characters(raw):
    try:
        text = codec.line(raw)
    except BadReply:
        return
    assert text.isprintable()
    assert not text.startswith("$")


def test_a_streamed_line_is_read():
    found = codec.drd(DRD)

    assert (found.counter, found.levels.values["lp"], found.levels.values["lieq"], found.status) == (7, 61.2, 59.0, {})


def test_a_streamed_line_with_status_says_how_the_meter_is():
    found = codec.drd(DRD + ",2026/03/02 13:00:00,E,M,12345,S")

    assert found.status == {
        "clock": "2026/03/02 13:00:00",
        "power": "external",
        "battery": "Middle",
        "sd_free_mb": 12345,
        "state": "stopped",
    }


@pytest.mark.parametrize("counter", ["0", "601", "x", "", "-1", "1.0"])
def test_a_streamed_line_without_its_number_is_a_bad_reply(counter):
    with pytest.raises(BadReply):
        codec.drd(counter + DRD[3:])


@pytest.mark.parametrize(("raw", "text"), [
    (b"R+0000\r\n", "R+0000"), (b"$R+0000\r\n", "R+0000"), (b"$ $ Start\r\n", "Start"), (b"\r\n", ""), (b"$\r\n", ""),
    (b"Start\n", "Start"),
])  # fmt: skip
def test_prompts_are_taken_off(raw, text):
    assert codec.line(raw) == text


@pytest.mark.parametrize("raw", [b"R+\x000000\r\n", b"\xff\xfe\r\n", b"a\x1ab\r\n", b"R+0000\x7f\r\n", "é".encode()])
def test_other_bytes_are_a_bad_reply(raw):
    with pytest.raises(BadReply):
        codec.line(raw)


@pytest.mark.parametrize("code", ["R+0001", "R+0002", "R+0003", "R+0004", "R+0099"])
def test_a_refusal_carries_its_code(code):
    with pytest.raises(CommandRefused, match=code[2:]) as refused:
        codec.accepted(code)

    assert refused.value.code == code


@pytest.mark.parametrize("text", ["", "R+00000", "R+000", "R0000", "r+0000", "0000", "R+000\u0660", DOD])
def test_what_is_no_result_code_is_a_bad_reply(text):
    with pytest.raises(BadReply):
        codec.accepted(text)


@pytest.mark.parametrize(("text", "level", "percent"), [
    ("Full", "Full", None), ("80", None, 80), (" 100 %", None, 100), ("0", None, 0), ("Almost Empty", "Almost Empty", None),
])  # fmt: skip
def test_both_forms_of_the_battery_are_read(text, level, percent):
    assert codec.battery(text) == {"level": level, "percent": percent}


@pytest.mark.parametrize("text", ["", "101", "-5", "F1", "x" * 30, "R+0000"])
def test_other_batteries_are_a_bad_reply(text):
    with pytest.raises(BadReply):
        codec.battery(text)


def test_the_clock_shows_local_time():
    near = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    assert codec.clock("2026/03/02 13:00:05", "Europe/Paris", near=near) == near + timedelta(seconds=5)
    assert codec.clock_text(near + timedelta(milliseconds=700), "Europe/Paris") == "2026/03/02 13:00:01"


@pytest.mark.parametrize("hour", [0, 1])
def test_in_the_hour_that_comes_twice_the_nearer_one_counts(hour):
    near = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    assert codec.clock("2026/10/25 02:30:00", "Europe/Paris", near=near) == near


@pytest.mark.parametrize(
    "text", ["", "2026/02/30 10:00:00", "2026-03-02 10:00:00", "2026/03/02,10:00:00", "2026/03/02 25:00:00", "1999/03/02 10:00:00"]
)
def test_a_time_that_does_not_exist_is_a_bad_reply(text):
    with pytest.raises(BadReply):
        codec.clock(text, "UTC", near=datetime(2026, 3, 2, tzinfo=UTC))


def test_words_are_read():
    assert (codec.run_state("Start"), codec.run_state("STOP")) == (RunState.MEASURING, RunState.STOPPED)
    assert (codec.is_on("On"), codec.is_on("off"), codec.exists("Exist"), codec.exists("None")) == (True, False, True, False)
    assert (codec.store_name("0012"), codec.quantity("12.5 %"), codec.quantity("01.02.0034")) == (12, 12.5, "01.02.0034")


@pytest.mark.parametrize("read", [codec.run_state, codec.is_on, codec.exists, codec.store_name])
@pytest.mark.parametrize("text", ["", "R+0000", "x", "12345", DOD])
def test_other_words_are_a_bad_reply(read, text):
    with pytest.raises(BadReply):
        read(text)
