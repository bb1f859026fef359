"""What the longer commands of the nl43 driver need of it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from devices.drivers.base import Target
from devices.drivers.ftp import Ftp

T = TypeVar("T")


class Talk(Protocol):
    """A meter that is held by one caller: nobody else sends in between."""

    @property
    def target(self) -> Target:
        """Where it is, and the zone of its clock."""

    def ftp(self) -> Ftp:
        """A new session with its FTP server, not opened yet."""

    async def tell(self, command: str | Callable[[], str]) -> None:
        """Send a setting; done when this returns. ``command`` may be worked out at the last moment. Raises DeviceErrors."""

    async def ask(self, request: str, read: Callable[[str], T]) -> T:
        """Send a request and give what ``read`` makes of the line that comes back. Raises DeviceErrors."""
