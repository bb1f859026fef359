"""What the simulated meter works out: levels, measurements, and what it hears."""

import pytest

from devices.simulator import sound
from devices.simulator.instrument import Answer, Instrument
from devices.simulator.measurement import Measurement
from devices.simulator.scenarios import SCENARIOS

AT = 1_772_452_800.0  # 2 March 2026, noon UTC


def test_a_measurement_averages_by_energy():
    measurement = Measurement(AT)

    measurement.advance(lambda at: 90.0 if at < AT + 10 else 50.0, AT + 100)

    values = {name: round(value, 1) for name, value in measurement.values((5, 10, 50, 90, 95)).items()}
    assert (values["leq"], values["le"], values["lmax"], values["lmin"]) == (80.0, 100.0, 90.0, 50.0)
    assert (values["ln1"], values["ln3"], values["ln5"]) == (90.0, 50.0, 50.0)
    assert values["lmin"] <= values["leq"] <= values["lmax"] < values["lpeak"]


def test_a_pause_is_left_out():
    meter = Instrument(lambda at: 50.0 if at < AT + 10 else 100.0)
    meter.answer("Measure,Start", AT)
    meter.answer("Pause,On", AT + 10)

    meter.answer("Pause,Off", AT + 60)

    assert meter.measurement is not None
    assert round(meter.measurement.values(meter.percentiles)["lmax"], 1) == 50.0


def test_a_measurement_ends_by_itself_and_stop_is_then_refused():
    meter = Instrument(lambda _at: 60.0)
    meter.answer("Measurement Time Preset Manual,10s", AT)
    meter.answer("Measure,Start", AT)

    assert meter.answer("Measure?", AT + 9) == Answer("R+0000", "Start")
    assert meter.answer("Measure?", AT + 11) == Answer("R+0000", "Stop")
    assert meter.answer("Measure,Stop", AT + 12) == Answer("R+0004")


def test_the_clock_is_set_in_the_zone_of_the_meter():
    meter = Instrument(lambda _at: 60.0, time_zone="Europe/Paris")

    assert meter.answer("Clock?", AT) == Answer("R+0000", "2026/03/02 13:00:00")
    assert meter.answer("Clock,2026/07/01 08:00:00", AT) == Answer("R+0000")
    assert meter.answer("Clock?", AT + 5) == Answer("R+0000", "2026/07/01 08:00:05")


def test_sub_channels_have_values_of_their_own():
    meter = Instrument(lambda _at: 60.0, sub_channels=3)

    fields = (meter.answer("DOD?", AT).data or "").split(",")

    assert fields[0::16] == [" 60.0", " 63.0", " 65.0", " 58.0"]


def test_overload_and_under_range_are_flagged():
    loud, silent = Instrument(lambda _at: 131.0), Instrument(lambda _at: 20.0)

    assert [(each.answer("DOD?", AT).data or "").split(",")[14:16] for each in (loud, silent)] == [["1", "0"], ["0", "1"]]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_hears_something_believable(name):
    hear = SCENARIOS[name].sound(7, 0.0)

    levels = [hear(AT + second) for second in range(0, 86_400, 37)]
    assert 25 < min(levels) <= max(levels) < 130
    assert levels == [hear(AT + second) for second in range(0, 86_400, 37)]


def test_a_street_is_louder_by_day_than_by_night():
    hear = sound.day(1)
    night, noon = Measurement(AT), Measurement(AT)
    noon.advance(hear, AT + 600)
    night.until = AT + 15 * 3600
    night.advance(hear, AT + 15 * 3600 + 600)

    by_day, by_night = noon.values((10,)), night.values((10,))
    assert by_day["leq"] > by_night["leq"] + 6
    assert by_day["lmax"] > 60
