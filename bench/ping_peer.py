"""The view that pings are measured against, served as ours is, with no middleware: `python -m bench.ping_peer <port>`."""

import sys

from sentinel_site.server import serve  # isort: skip (it sets Django up)

from django.core.handlers.asgi import ASGIHandler

serve("127.0.0.1", int(sys.argv[1]), ASGIHandler())
