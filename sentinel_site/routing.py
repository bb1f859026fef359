"""Every websocket of the site."""

from channels.routing import URLRouter
from django.urls import path, re_path

from alerts.consumers import AlertsConsumer, UnknownConsumer
from sentinel_site.sockets import SocketAuth

websocket = URLRouter(
    [
        path("ws/alerts/", SocketAuth(AlertsConsumer.as_asgi())),  # type: ignore[arg-type]  # an ASGI application, not a view
        re_path(r"", UnknownConsumer.as_asgi()),
    ]
)
