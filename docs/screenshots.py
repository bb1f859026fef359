"""Takes the manual's pictures: starts a demo of its own, lets things happen in it, and looks at its pages in Chromium.

`make screenshots` takes all, `make screenshots ARGS="board alert"` only those. Every picture that the manual shows stands in PICTURES.
"""

import contextlib
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs" / "images"
PASSWORD: Final = "a password for pictures"  # noqa: S105 (of an installation that lives for two minutes)
PERSON: Final = "responder"
COLOURS: Final = 128
CONNECT: Final = """
from django.contrib.auth.models import Group, User
from notifications.models import Recipient
from sentinel_site import demo
user = User.objects.create_user({name!r}, password={password!r}, first_name="Demo", last_name="Responder")
user.groups.add(Group.objects.get(name="Responder"))
Recipient.objects.filter(name=demo.RECIPIENT).update(user=user)
"""
"""Somebody of the demo who can sign in, for the page of one's own."""
WIDE, PHONE = (1280, 800), (380, 760)
CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass(frozen=True)
class Picture:
    """What is looked at: a path, in which ``{fall}`` is the fall's page, ``{story}`` its story, and ``{link}`` what its mail links to."""

    path: str
    size: tuple[int, int] = WIDE
    scheme: str = "light"
    signed_in: bool = True
    ready: str = "main"
    scroll: str = ""
    who: str = "admin"
    act: Callable[[Page], None] | None = None


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#search-input-command").press_sequentially("fall", delay=50)
    page.locator("#command-results-list").wait_for()
    page.keyboard.press("ArrowDown")


def _bulk(page: Page) -> None:
    page.check("#action-toggle")
    page.select_option("select[name=action]", label="Send a test message")
    page.click("button[name=index]")
    page.locator(".snt-form button[type=submit]").wait_for()


PICTURES: Final = {
    "board": Picture("/live/"),
    "board-dark": Picture("/live/", scheme="dark"),
    "alert": Picture("{fall}", (1280, 1000)),
    "story": Picture("{story}", (1280, 1000)),
    "wall": Picture("/live/wall/", (1920, 1080)),
    "noise": Picture("/live/noise/", (1280, 1000)),
    "answer": Picture("{link}", PHONE, signed_in=False),
    "device": Picture("/live/devices/demo-street/"),
    "backups": Picture("/live/backups/"),
    "jobs": Picture("/live/jobs/"),
    "me": Picture("/live/me/", PHONE, who=PERSON, ready=".mine"),
    "dashboards": Picture("/live/dashboards/", (1280, 1000), ready=".dash-plot canvas"),
    "first-steps": Picture("/admin/first-steps/", (1280, 1000), ready="#content"),
    "palette": Picture("/admin/", ready="#content", act=_palette),
    "bulk": Picture("/admin/notifications/contactmethod/?kind__exact=email", (1280, 620), ready="#action-toggle", act=_bulk),
}


@dataclass(frozen=True)
class Demo:
    """A running demo, and what happened in it."""

    url: str
    data_dir: Path
    key: str

    def report(self, **fields: object) -> dict[str, str]:
        """Report once; the alert."""
        answer = requests.post(f"{self.url}/api/v1/alerts", json=fields, headers={"Authorization": f"Bearer {self.key}"}, timeout=60)
        answer.raise_for_status()
        return dict(answer.json())

    def manage(self, *words: str) -> None:
        """Run a command in the demo's installation."""
        environ = _environ() | {"SENTINEL_DATA_DIR": str(self.data_dir)}
        subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], env=environ, check=True, stdout=subprocess.DEVNULL)

    def fall(self) -> dict[str, str]:
        """Report a fall as the demo's camera does; the alert."""
        picture = (self.data_dir / "demo" / "fall.jpg").read_bytes()
        answer = requests.post(
            f"{self.url}/api/v1/detections",
            data={"camera": "cam-12", "kind": "fall", "confidence": "0.93"},
            files={"image": ("fall.jpg", picture, "image/jpeg")},
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=60,
        )
        answer.raise_for_status()
        return dict(answer.json())

    def link(self, words: str) -> str:
        """The path of the answer link in the mail that has these words in its subject, once it is there."""
        for _ in range(600):
            for mail in sorted((self.data_dir / "mail").glob("*")):
                text = mail.read_text(errors="replace")
                if words in text and (found := re.search(r"/a/[\w-]+", text.replace("=\n", ""))):
                    return found[0]
            time.sleep(0.2)
        raise SystemExit(f"No mail about {words!r} came.")


def _environ() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"))}


@contextlib.contextmanager
def demo() -> Iterator[Demo]:
    """A demo that runs for as long as it is looked at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="sentinel-pictures-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        data_dir, log = Path(name) / "data", Path(name) / "log"
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--demo", "--port", str(port), "--data-dir", str(data_dir)]
        with log.open("wb") as out:
            up = subprocess.Popen(command, env=_environ() | {"SENTINEL_ADMIN_PASSWORD": PASSWORD}, stdout=out, stderr=out)
        try:
            yield Demo(f"http://localhost:{port}", data_dir, _key(up, log, port))
        finally:
            up.terminate()
            up.wait(60)


def _key(up: "subprocess.Popen[bytes]", log: Path, port: int) -> str:
    """The key that the demo printed, when everything runs."""
    for _ in range(1200):
        found = re.search(r"snt_[\w-]+", log.read_text(errors="replace"))
        with contextlib.suppress(OSError, ValueError):
            if found and requests.get(f"http://localhost:{port}/healthz", timeout=10).json()["status"] == "ok":
                return found[0]
        if up.poll() is not None:
            break
        time.sleep(0.25)
    raise SystemExit(f"The demo did not start:\n{log.read_text(errors='replace')}")


def take(here: Demo, names: list[str], password: str = PASSWORD) -> None:
    """Let things happen, and take the pictures."""
    here.manage("rollup")
    here.manage("shell", "-c", CONNECT.format(name=PERSON, password=password))
    here.report(
        source="generic", type="door", title="The back door stands open", severity="medium", subject="door-3", labels={"house": "3"}
    )
    here.report(source="generic", type="water", title="Water in the cellar", severity="high", subject="cellar", labels={"house": "3"})
    fall = here.fall()
    places = {"fall": f"/live/alerts/{fall['id']}", "story": f"/live/alerts/{fall['number']}/story/", "link": here.link("cam-12")}
    with sync_playwright() as tool:
        browser = tool.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
        )
        for name in names:
            _shoot(browser, here, PICTURES[name], places, IMAGES / f"{name}.png", password)
        browser.close()


def _shoot(browser: Browser, here: Demo, picture: Picture, places: dict[str, str], to: Path, password: str) -> None:
    width, height = picture.size
    look = browser.new_context(
        base_url=here.url, viewport={"width": width, "height": height}, color_scheme=picture.scheme, locale="en-GB", reduced_motion="reduce"
    )
    look.set_default_timeout(120_000)
    page = look.new_page()
    if picture.signed_in:
        _sign_in(page, picture.who, password)
    page.goto(picture.path.format(**places))
    page.locator(picture.ready).first.wait_for()
    if picture.act:
        picture.act(page)
    page.wait_for_timeout(2_500)  # what comes by the socket, and what fades in
    if picture.scroll:
        page.locator(picture.scroll).first.scroll_into_view_if_needed()
    _keep(page.screenshot(), to)
    look.close()
    print(f"{to.relative_to(ROOT)}  {to.stat().st_size / 1024:.0f} kB")  # noqa: T201


def _sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.click("[type=submit]")
    page.wait_for_load_state()


def _keep(png: bytes, to: Path) -> None:
    """Write it with few colours, which is a third of its size."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(to, optimize=True)


if __name__ == "__main__":
    if CHROMIUM is None:
        raise SystemExit("Chromium is not on this machine, and the pictures are taken with it.")
    with demo() as running:
        take(running, sys.argv[1:] or list(PICTURES))
