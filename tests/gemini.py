"""A local server that speaks as Google's Gemini does on the wire, or fails as it may."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD = {
    "is_fall": True, "confidence": 0.93, "people": 1, "posture": "lying", "severity": "critical",
    "description": "A person lies on the floor beside a bed.",
}  # fmt: skip


def verdict(**changes) -> str:
    """The text of a good verdict, with changes."""
    return json.dumps(GOOD | changes)


def said(text, *, finish="STOP"):
    """A whole answer with ``text`` in it."""
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish, "index": 0}],
        "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 60, "totalTokenCount": 360},
        "modelVersion": "gemini-test-1",
    }


def failed(code, status):
    """An error as Google writes it."""
    return {"error": {"code": code, "message": "something", "status": status}}


class Gemini:
    """``answers`` is what each request gets, in order, the last one for ever: (status, body) or a function of the connection."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.headers = []

    def next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(*answers):
    """Serve ``answers`` on a free port; yields the Gemini with its ``url`` and the ``requests`` it got."""
    gemini = Gemini(*answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            gemini.requests.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            gemini.headers.append(self.headers)
            answer = gemini.next()
            if callable(answer):
                answer(self)
                return
            status, body = answer
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
    gemini.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield gemini
    finally:
        server.shutdown()
        server.server_close()


def hang(handler):
    """Say nothing for a long time."""
    time.sleep(5)


def drip(handler):
    """Say one character now and then: every single read is in time."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


def hang_up(handler):
    """Close the line without a word."""
    handler.close_connection = True
