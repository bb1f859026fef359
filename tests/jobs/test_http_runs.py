"""Jobs that call an address, against a server that speaks HTTP."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobs import http_runs
from jobs.enums import JobKind, RunStatus
from jobs.errors import NotRunnable
from tests.jobs.factories import make_job, make_run

pytestmark = pytest.mark.django_db


class Server(ThreadingHTTPServer):
    """Answers with the status in the path, and remembers what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked = []
        self.released = threading.Event()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Answering(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        if self.path == "/hang":
            self.server.released.wait(60)
        named = self.path.rpartition("/")[2]
        status = int(named) if named.isdecimal() else 200
        text = b"x" * 200_000 if self.path == "/long/200" else b"done\x00"
        if self.path.startswith("/echo"):
            status, text = 200, f"You asked {self.path} with {self.headers['Authorization']}: no".encode()
        self.send_response(status)
        self.send_header("Location", "http://169.254.169.254/")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer  # noqa: N815 (the server's own names)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(settings):
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.released.set()
        running.shutdown()


def call(url, **fields):
    run = make_run(make_job(kind=JobKind.HTTP, http_url=url, **{"timeout_seconds": 20, **fields}))
    return run, http_runs.call(run)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_the_call_is_made_as_the_job_says(server, method):
    run, result = call(server.url("/go/200"), http_method=method, http_headers="X-Token: secret\n", http_body='{"a": 1}')

    ((asked, path, headers, body),) = server.asked
    assert (asked, path, headers["X-Token"], headers["Idempotency-Key"]) == (method, "/go/200", "secret", str(run.pk))
    assert body == (b"" if method == "GET" else b'{"a": 1}')
    assert (result["status"], result["stats"]["http_status"]) == (RunStatus.SUCCESS, 200)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_any_other_answer_is_an_error_and_no_redirect_is_followed(server, status):
    _, result = call(server.url(f"/{status}"))

    assert (result["status"], len(server.asked)) == (RunStatus.ERROR, 1)
    assert f"The answer was {status}" in result["message"]


def test_of_a_long_answer_the_beginning_is_kept(server):
    _, result = call(server.url("/long/200"))

    assert len(result["output"]) == http_runs.SHOWN


def test_an_answer_that_repeats_secrets_is_kept_without_them(server):
    path = "/echo/T024BE7LD-B0X-c3VwZXJzZWNyZXQ?key=hush-hush-hush"

    _, result = call(server.url(path), http_headers="Authorization: Bearer not-for-everybody")

    assert result["output"] == f"You asked /echo/{http_runs.HIDDEN}?key={http_runs.HIDDEN} with {http_runs.HIDDEN}: no"


def test_an_answer_that_does_not_come_is_an_error_in_time(server):
    _, result = call(server.url("/hang"), timeout_seconds=1)

    assert result["status"] == RunStatus.ERROR
    assert "No answer" in result["message"]


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/", "http://10.0.0.1/", "file:///etc/passwd", "http://user:secret@example.org/"]
)
def test_addresses_inside_of_the_network_are_refused_and_secrets_not_repeated(url):
    _, result = call(url)

    assert result["status"] == RunStatus.ERROR
    assert "secret" not in str(result)


@pytest.mark.parametrize("line", ["no colon", "Host: elsewhere", "Content-Length: 7", "X-Ü: 1", "X\tY: 1", "X-A: a\x00b"])
def test_headers_that_cannot_be_sent_are_refused(line):
    with pytest.raises(NotRunnable):
        http_runs.headers(line)


def test_headers_are_read_line_by_line():
    assert http_runs.headers("A: 1\n\n  B-c :  two: three \r\n") == {"A": "1", "B-c": "two: three"}
