"""The HTTP client for addresses that users enter."""

import socket
import threading

import pytest

from notifications import http
from notifications.errors import OutcomeUnknown, PermanentError, TemporaryError
from tests.notifications.conftest import serving
from tests.providers import Mode, Provider, patience

INSIDE = [
    "127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0", "0.0.0.0", "127.0.0.1.", "localhost", "LOCALHOST",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "10.0.0.1",
    "10.255.255.254", "172.16.0.1", "172.31.255.1", "192.168.1.1", "169.254.169.254", "169.254.0.1", "[fe80::1]", "[fe80::1%25lo]",
    "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[ff0e::1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2001:0:7f00:1::]", "[2001:db8::1]", "[100::1]", "[3fff::1]", "192.88.99.1",
    "\uff11\uff12\uff17.0.0.1", "[fec0::1]", "127\u30020\u30020\u30021", "\u2460\u2461\u2466.0.0.1",
]  # fmt: skip
MALFORMED = [
    "", "x", "//example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)", "http://", "http:///x",
    "http://user@example.org/", "http://user:pw@example.org/", "http://example.org@127.0.0.1/", "http://127.0.0.1\\@example.org/",
    "http://example.org/\r\nHost: 127.0.0.1", "http://example.org/ x", "http://exa\tmple.org/",
    "http://example.org:99999/", "http://example.org:x/",
    "http://[::1/", "http://exa\x00mple.org/", "http://.../", "http://" + "a" * 64 + ".example.org/", "https:example.org",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_addresses_inside_are_refused(settings, scheme, host):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = []

    with pytest.raises((PermanentError, TemporaryError)) as refused:
        http.post(f"{scheme}://{host}/", b"", {})

    assert isinstance(refused.value, PermanentError) or "resolved" in str(refused.value)


@pytest.mark.parametrize("url", MALFORMED)
def test_what_is_not_a_plain_web_address_is_refused(settings, url):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["*"]

    with pytest.raises(PermanentError):
        http.target(url)


@pytest.mark.parametrize(("address", "port", "answer"), [
    ("93.184.216.34", 443, True), ("93.184.216.34", 80, True), ("2606:2800:220:1::1", 8443, True), ("93.184.216.34", 22, False),
    ("93.184.216.34", 6379, False), ("10.1.2.3", 9000, True), ("10.2.2.3", 443, False), ("::ffff:10.1.2.3", 443, True),
    ("fd00::5", 1, True),
])  # fmt: skip
def test_networks_can_be_allowed(settings, address, port, answer):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["10.1.0.0/16", "fd00::/64"]

    assert http.permitted(address, port) is answer


def test_a_name_is_resolved_once_and_the_checked_address_is_used(settings, receiver, monkeypatch):
    answers = [[("127.0.0.1", receiver.server_port)], [("10.0.0.1", 80)]]
    asked = []

    def resolver(host, port, *args, **kwargs):
        asked.append(host)
        place = answers[0] if host == "hook.example.org" else [(host, port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in place]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)

    assert http.post(f"http://hook.example.org:{receiver.server_port}/", b"{}", {}).status == 200
    assert asked.count("hook.example.org") == 1
    assert receiver.requests[0].headers["Host"] == f"hook.example.org:{receiver.server_port}"


def test_a_name_that_also_leads_inside_only_reaches_the_outside(settings, monkeypatch):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = []
    inside = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 80, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: inside)

    with pytest.raises(PermanentError):
        http.post("http://hook.example.org/", b"", {})


def test_connections_are_kept(receiver):
    for _ in range(5):
        http.post(receiver.url, b"{}", {})

    assert (len(receiver.requests), len(receiver.peers)) == (5, 1)


def test_a_kept_connection_that_was_closed_is_opened_again(receiver):
    receiver.answer = lambda request: (200, {}, b"") if setattr(request, "close_connection", True) is None else None

    assert [http.post(receiver.url, b"{}", {}).status for _ in range(3)] == [200, 200, 200]


def test_a_long_answer_is_cut(receiver):
    receiver.answer = lambda request: (200, {}, b"x" * 1_000_000)

    assert len(http.post(receiver.url, b"{}", {}).body) == http.BODY_BYTES
    assert http.post(receiver.url, b"{}", {}).status == 200


def test_redirects_are_not_followed(receiver):
    with serving() as inside:
        receiver.answer = lambda request: (302, {"Location": inside.url}, b"")

        assert http.post(receiver.url, b"{}", {}).status == 302
        assert inside.requests == []


def test_a_dripping_answer_ends_at_the_deadline(settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    ended = threading.Event()

    def drip(server):
        client, _ = server.accept()
        with client:
            client.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(0.05):
                client.sendall(b"X-Slow: 1\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        with pytest.raises(OutcomeUnknown):  # which never comes without the deadline: the server goes on until it is told
            http.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, total_seconds=0.5)
        ended.set()
        thread.join()


def test_headers_cannot_be_smuggled_by_the_path(receiver):
    http.post(f"{receiver.url}/a%0d%0aX-Evil:%201?q=é", b"{}", {})

    assert receiver.requests[0].path == "/a%0d%0aX-Evil:%201?q=%C3%A9"


@pytest.mark.parametrize("mode", [Mode.RESET, Mode.HANG, Mode.DRIP, Mode.ACCEPT_RESET])
def test_what_breaks_after_the_request_leaves_the_outcome_unknown(mode):
    with Provider(mode) as provider, pytest.raises(OutcomeUnknown):
        http.post(provider.url, b"x", {}, trusted=True, total_seconds=patience(mode))


def test_only_a_trusted_address_may_be_private(settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = []
    with Provider() as provider:
        assert http.post(provider.url, b"x", {}, trusted=True).status == 200

        with pytest.raises(PermanentError):
            http.post(provider.url, b"x", {})

    assert len(provider.arrivals) == 1


def test_what_must_not_be_repeated_is_not_sent_again_on_another_connection():
    with Provider() as provider:
        http.post(provider.url, b"x", {}, trusted=True)
        provider.say(Mode.ACCEPT_RESET)

        with pytest.raises(OutcomeUnknown):
            http.post(provider.url, b"x", {}, trusted=True, once=True)

    assert len(provider.accepted) == 2
