"""Who is at the other end of a request."""


def address_of(*, forwarded: str, peer: str) -> str:
    """The address a request comes from: what our own proxy wrote last into X-Forwarded-For (``forwarded``; "" without one), else ``peer``.

    What stands before the last comma was written by the sender, who may claim anything.
    """
    return forwarded.rpartition(",")[2].strip() or peer
