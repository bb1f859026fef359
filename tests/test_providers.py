"""The provider that other tests trust: it fails in the way it is told to, and remembers everything."""

import pytest
import requests

from tests.providers import FAILS, TAKES, Answer, Mode, Provider, patience


def post(provider, body="hello"):
    return requests.post(f"{provider.url}/send?to=robin", data=body, timeout=patience(provider.mode), allow_redirects=False)


@pytest.fixture
def provider():
    with Provider() as each:
        yield each


def test_what_comes_is_remembered_before_it_is_answered(provider):
    answer = post(provider, {"text": "hé"})

    (arrival,) = provider.arrivals
    assert (answer.json(), provider.accepted) == ({"ok": True}, [arrival])
    assert (arrival.path, arrival.query, arrival.form) == ("/send", {"to": "robin"}, {"text": "hé"})


@pytest.mark.parametrize(("mode", "status"), [(Mode.ERROR, 500), (Mode.BUSY, 429), (Mode.DENY, 401), (Mode.REDIRECT, 302)])
def test_a_refusal_takes_nothing(provider, mode, status):
    provider.mode = mode

    assert post(provider).status_code == status
    assert (len(provider.arrivals), provider.accepted) == (1, [])


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.RESET, Mode.ACCEPT_HANG, Mode.ACCEPT_RESET])
def test_no_answer_may_mean_that_it_was_taken(provider, mode):
    provider.mode = mode

    with pytest.raises((requests.Timeout, requests.ConnectionError)):
        post(provider)

    assert (len(provider.arrivals), len(provider.accepted)) == (1, int(mode in TAKES))


def test_a_closed_provider_comes_back_at_the_same_place(provider):
    url = provider.url
    provider.mode = Mode.REFUSE

    with pytest.raises(requests.ConnectionError):
        post(provider)
    provider.mode = Mode.ACCEPT

    assert (post(provider).status_code, provider.url, len(provider.arrivals)) == (200, url, 1)


def test_a_closed_provider_drops_the_connections_that_were_kept(provider):
    with requests.Session() as session:
        session.post(provider.url, timeout=30)
        provider.mode = Mode.REFUSE

        with pytest.raises(requests.ConnectionError):
            session.post(provider.url, timeout=30)


def test_what_is_said_goes_before_the_mode_once(provider):
    provider.say(Mode.ERROR, Answer({"id": 7}, status=201, taken=True))

    assert [post(provider).status_code for _ in range(3)] == [500, 201, 200]
    assert len(provider.accepted) == 2


def test_dripping_never_ends(provider):
    provider.mode = Mode.DRIP

    answer = requests.post(provider.url, timeout=30, stream=True)

    assert [answer.raw.read(1) for _ in range(3)] == [b" "] * 3
    answer.close()


def test_every_way_to_fail_is_listed():
    assert set(FAILS) == set(Mode) - {Mode.ACCEPT}
