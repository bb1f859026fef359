"""Websocket messages that are encoded once and written to many sockets as they are (RFC 6455, 5.2)."""

from typing import Final

PUSH: Final = "sentinel.push"
"""Extension of a websocket's ASGI scope, where the server offers it: ``push(message: bytes) -> bool``.

It writes a whole message at once if the peer takes it right now. False: nothing was written; send it the usual way, which waits.
"""
_TEXT: Final = 0x81
_SHORT, _LONG = 126, 65_536


def text_message(text: str) -> bytes:
    """``text`` as one unmasked, uncompressed message: what a server sends."""
    body = text.encode()
    size = len(body)
    if size < _SHORT:
        return bytes((_TEXT, size)) + body
    if size < _LONG:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + body
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + body
