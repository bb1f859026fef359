"""What follows from matchers."""

import pytest

from alerts.linting import logic
from sentinel_site.lib import matchers

DOMAIN = {"severity": ["critical", "high", "medium"], "source": ["camera", "probe"]}


def read(*texts):
    return matchers.parse_all(texts)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["room=12"], "room=12"),
        (["room=12"], 'room=~"1.*"'),
        (["room=12"], "room!=13"),
        (["room=12"], 'room!~"2.*"'),
        (["room="], "room!=12"),
        (['room=~"12|13"'], 'room=~"1[0-9]"'),
        (['room=~"12|13"', "room!=13"], "room=12"),
        (['room=~"1.*"'], "room!=21"),
        (['room!~"2.*"'], "room!=21"),
        (["severity!=medium"], 'severity=~"critical|high"'),
        (["severity=critical"], 'severity=~"c.*"'),
        (['source=~"c.*"'], "source=camera"),
        ([], 'severity=~".+"'),
        ([], 'room=~".*"'),
    ],
)
def test_it_follows(given, wanted):
    assert logic.implies(read(*given), *read(wanted), DOMAIN)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], "room=12"),
        (["room=13"], "room=12"),
        (["floor=12"], "room=12"),
        (['room=~"1.*"'], "room=12"),
        (['room=~"1.*"'], 'room=~"12.*"'),
        (["room!=13"], "room!=12"),
        (["severity!=medium"], "severity=high"),
        ([], 'severity=~"critical|high"'),
        (['room=~"12|1."'], 'room=~"1[0-9]"'),
    ],
)
def test_it_does_not_follow(given, wanted):
    assert not logic.implies(read(*given), *read(wanted), DOMAIN)


@pytest.mark.parametrize(
    ("conditions", "against"),
    [
        (["room=1", "floor=2"], []),
        (["room=1", "room=2"], ["room=1", "room=2"]),
        (["room=1", 'room=~"2.*"', "floor=3"], ["room=1", 'room=~"2.*"']),
        (["severity=urgent"], ["severity=urgent"]),
        (["severity!=high", 'severity!~"critical|medium"'], ["severity!=high", 'severity!~"critical|medium"']),
        (["source=prob"], ["source=prob"]),
        (['room=~"1.*"', 'room=~"2.*"'], []),
    ],
)
def test_what_nothing_fulfils_is_found_when_it_is_certain(conditions, against):
    assert logic.impossible(read(*conditions), DOMAIN) == list(read(*against))
