"""``python -m tests.served``: the real web server. Asked on its standard input, it forgets what it keeps for seconds: a test begins."""

from sentinel_site import server  # isort: skip  (it loads Django and its settings, which come first)

import os
import socket
import threading

from django.conf import settings

from alerts import routing
from notifications import overrides
from sentinel_site import auth, health
from tests import patience


def forget_when_asked() -> None:
    """Until the tests' process hangs up."""
    with socket.socket(fileno=os.dup(0)) as line:
        while line.recv(1):
            for module in (auth, health, overrides, routing):
                module.forget()
            line.sendall(b".")


if __name__ == "__main__":
    patience.have(settings)
    threading.Thread(target=forget_when_asked, daemon=True).start()
    server.main()
