"""Sentinel's web server with one more websocket, `/peer/`: what Channels' documentation would have one write for live frames.

`python -m bench.viewers_site <port>`. Both meet the same daphne, the same Redis and the same neighbours.
"""

from sentinel_site.server import serve  # isort: skip (it installs Twisted's reactor, which must come first)

import socket
import sys

from channels.generic.websocket import AsyncWebsocketConsumer
from twisted.internet import tcp

from sentinel_site.asgi import application

GROUP = "bench-peer"
SEND_BUFFER = 16_384
"""Of a viewer's socket in the kernel: on loopback it would grow to megabytes and swallow a stuck viewer; in a network it is about this."""


class PeerConsumer(AsyncWebsocketConsumer):
    """Joins the group and passes on what comes: one message of the layer per viewer."""

    async def connect(self):
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def peer_frame(self, event):
        await self.send(text_data=event["text"])


async def both(scope, receive, send):
    chosen = PeerConsumer.as_asgi() if scope["type"] == "websocket" and scope["path"] == "/peer/" else application
    await chosen(scope, receive, send)


class Port(tcp.Port):
    """A listening port whose connections have a send buffer of a known size."""

    def createInternetSocket(self):  # noqa: N802
        listening = super().createInternetSocket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        return listening


if __name__ == "__main__":
    from twisted.internet import reactor

    def listen(port, factory, backlog=50, interface=""):
        opened = Port(port, factory, backlog, interface, reactor)
        opened.startListening()
        return opened

    reactor.listenTCP = listen
    serve("127.0.0.1", int(sys.argv[1]), both)
