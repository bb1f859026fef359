"""The websockets of devices: live values, and how the connection to the device is. See api.md."""

from devices.hub import hub
from devices.models import Device
from devices.viewing import DevicesViewer, Push, Viewer
from sentinel_site.lib.guarded import UNKNOWN, GuardedConsumer
from sentinel_site.lib.racing import first
from sentinel_site.lib.threads import in_thread
from sentinel_site.lib.wire import PUSH


class DeviceConsumer(GuardedConsumer):
    """``/ws/devices/<slug>/``: the last frame at once, then every frame as it comes. Whoever looks here makes the monitor poll faster."""

    permission = "devices.view_device"

    async def serve(self) -> int:
        """Serve until the device is gone, or the reader may no longer read."""
        slug = self.scope["url_route"]["kwargs"]["slug"]
        device_id = await in_thread(_id)(slug)
        if device_id is None:
            return UNKNOWN
        return await self._watch(Viewer(device_id=device_id, slug=slug, push=self._push, end=self.end))

    async def _watch(self, viewer: Viewer) -> int:
        async with hub().watching(viewer):
            return await first(self._write(viewer), self.guard())

    async def _write(self, viewer: Viewer) -> int:
        while True:
            await self.send(await viewer.take())

    @property
    def _push(self) -> Push | None:
        push: Push | None = self.scope.get("extensions", {}).get(PUSH)
        return push


class DevicesConsumer(DeviceConsumer):
    """``/ws/devices/``: all devices, one frame of each a second at most. Looking here changes nothing about how devices are polled."""

    async def serve(self) -> int:
        """Serve until the reader may no longer read."""
        return await self._watch(DevicesViewer(device_id=None, slug="", push=self._push, end=self.end))


def _id(slug: str) -> int | None:
    return Device.objects.filter(slug=slug).values_list("pk", flat=True).first()
