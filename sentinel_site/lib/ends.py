"""A stream of bytes of any length, of which the beginning and the end are worth keeping."""


class Ends:
    """Keeps the first ``head_bytes`` and the last ``tail_bytes`` of what is added, and counts all of it. Holds at most twice that."""

    def __init__(self, head_bytes: int, tail_bytes: int) -> None:
        self._head_bytes, self._tail_bytes = head_bytes, tail_bytes
        self._head, self._tail = bytearray(), bytearray()
        self.size = 0

    def add(self, data: bytes) -> None:
        """The next part of the stream."""
        self.size += len(data)
        room = self._head_bytes - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data[-self._tail_bytes :]
        if len(self._tail) > 2 * self._tail_bytes:
            del self._tail[: -self._tail_bytes]

    @property
    def head(self) -> bytes:
        """The beginning; all of it when it is short."""
        return bytes(self._head)

    @property
    def tail(self) -> bytes:
        """The end of what is longer than the head; empty when nothing is."""
        return bytes(self._tail[-self._tail_bytes :])
