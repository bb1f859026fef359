"""The ASGI application: pings and plain reports go through fast doors, all other HTTP to Django, websockets to the live feed."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel_site.settings")
django = get_asgi_application()  # before the next import: it sets Django up, which models need

from sentinel_site import routing  # noqa: E402
from sentinel_site.ingest import Ingest  # noqa: E402
from sentinel_site.lib.threads import OwnThread  # noqa: E402
from sentinel_site.ping_door import PingDoor  # noqa: E402

application = ProtocolTypeRouter({"http": PingDoor(Ingest(OwnThread(django))), "websocket": routing.websocket})
