"""Every websocket of the site."""

from channels.routing import URLRouter
from django.urls import path, re_path

from alerts.consumers import AlertsConsumer, WallConsumer
from devices.consumers import DeviceConsumer, DevicesConsumer
from sentinel_site.lib.guarded import UnknownConsumer
from sentinel_site.sockets import SocketAuth

websocket = URLRouter(
    [
        path("ws/alerts/", SocketAuth(AlertsConsumer.as_asgi())),  # type: ignore[arg-type]  # an ASGI application, not a view
        path("live/wall/socket", SocketAuth(WallConsumer.as_asgi())),  # type: ignore[arg-type]  # where its cookie is sent
        path("ws/devices/", SocketAuth(DevicesConsumer.as_asgi())),  # type: ignore[arg-type]
        path("ws/devices/<slug:slug>/", SocketAuth(DeviceConsumer.as_asgi())),  # type: ignore[arg-type]
        re_path(r"", UnknownConsumer.as_asgi()),
    ]
)
