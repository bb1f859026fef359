"""Opening websockets in tests, as a browser or a program does."""

import json

from asgiref.testing import ApplicationCommunicator

from sentinel_site.asgi import application

OURS = "http://localhost:8000"
HOST = "localhost:8000"


class Socket(ApplicationCommunicator):
    """A websocket to the application. (The one in channels.testing keeps database connections from being closed.)"""

    def __init__(self, path, headers, subprotocols=(), app=application):
        path, _, query = path.partition("?")
        scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": headers, "subprotocols": list(subprotocols)}
        super().__init__(app, scope)

    async def open(self):
        """Connect. Returns the subprotocol that was accepted."""
        await self.send_input({"type": "websocket.connect"})
        accepted = await self.receive_output(timeout=60)
        assert accepted["type"] == "websocket.accept"
        return accepted.get("subprotocol")

    async def read(self):
        """The next message, or the close code; a close ends the application."""
        output = await self.receive_output(timeout=60)
        if output["type"] == "websocket.send":
            return json.loads(output["text"])
        await self.leave()
        return output["code"]

    async def read_code(self):
        """The close code, whatever is said before."""
        while not isinstance(said := await self.read(), int):
            pass
        return said

    async def leave(self):
        """Disconnect, and wait until the application has ended."""
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=60)


def browser(path="/ws/alerts/", *, session=None, origin=OURS, host=HOST, **how):
    """A websocket a page opens: its Origin, and the session's cookie."""
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if session is not None:
        headers.append((b"cookie", f"sentinel_session={session}".encode()))
    return Socket(path, headers, **how)


def program(path="/ws/alerts/", *, bearer=None, **how):
    """A websocket a program opens, with a key."""
    headers = [(b"host", HOST.encode())]
    if bearer is not None:
        headers.append((b"authorization", f"Bearer {bearer}".encode()))
    return Socket(path, headers, **how)


async def first(socket):
    """Open it; the first thing that is said: a message, or a close code."""
    await socket.open()
    return await socket.read()
