"""Which Apprise URLs are taken, and what is said about the others."""

import pytest

from notifications import apprise_urls
from notifications.models.people import mask
from tests.callers import make_caller
from tests.factories import make_recipient

TAKEN = (
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "tgram://123456789:abcdefg_hijklmnop/12315544/", "ntfy://our-alerts",
    "ntfys://our-alerts?priority=urgent", "pover://uvvvvvvvvvvvvvvvvvvvvvvvvvvvvv@agggggggggggggggggggggggggggggg", "pbul://abcdefgh",
    "gotifys://push.example.org/Atoken", "mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4", "freemobile://12345678@pass",
    "workflows://prod-12.westeurope.logic.azure.com/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu/",
)  # fmt: skip
HOSTILE = (
    ("file:///etc/passwd", "begins with file://"), ("json://localhost/", "begins with json://"), ("syslog://", "is not an Apprise URL"),
    ("jsons://169.254.169.254/latest", "begins with jsons://"), ("form://10.0.0.1/", "begins with form://"),
    ("mailto://a:b@example.org", "begins with mailto://"), ("dbus://x", "begins with dbus://"), ("apprise://10.0.0.1/key", "begins with"),
    ("ntfy://127.0.0.1/topic", "SENTINEL_APPRISE_HOSTS"), ("ntfy://push.example.org:6379/topic", "SENTINEL_APPRISE_HOSTS"),
    ("NTFY://localhost/topic", "SENTINEL_APPRISE_HOSTS"), ("gotify://169.254.169.254/Atoken", "SENTINEL_APPRISE_HOSTS"),
    ("gotify://push.example.org@10.0.0.1/Atoken", "SENTINEL_APPRISE_HOSTS"), ("gotify://[::1]/Atoken", ""),
    ("workflows://logic.azure.com.evil.example/643e69f83c8944438d68119179a10a64/KODuebWb/", "SENTINEL_APPRISE_HOSTS"),
    ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/passwd", "“template”"),
    ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?redirect=yes", "“redirect”"),
    ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?Verify=no", "“verify”"),
    ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?optional=yes", "“optional”"),
    ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?retry=99", "“retry”"), ("ntfy://topic?attach=http://10.0.0.1/", "“attach”"),
    ("ntfy://our-alerts/?cto=900", "“cto”"), ("nctalks://u:p@push.example.org/room?+Host=internal", "“"),
    ("tgram://123456789:abcdefg_hijklmnop/1231/5544/", "several destinations"), ("discord://", "is not an Apprise URL"),
    ("discord://x", "is not complete"), ("ntfy://a, json://localhost", "is not an Apprise URL"), ("ntfy://a\r\nb", "is not an Apprise URL"),
    ("ntfy", "is not an Apprise URL"), ("", "is not an Apprise URL"), ("ntfy://" + "x" * 5000, "is not an Apprise URL"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _hosts(settings):
    settings.SENTINEL_APPRISE_HOSTS = ["Push.example.org", "chat.example.org"]


@pytest.mark.parametrize("url", TAKEN)
def test_a_known_service_with_one_destination_is_taken(url):
    assert apprise_urls.refusal(url) == ""


@pytest.mark.parametrize(("url", "says"), HOSTILE)
def test_everything_else_is_refused_with_the_reason(url, says):
    why = apprise_urls.refusal(url)

    assert (bool(why), says in why) == (True, True), why


def test_what_is_sent_follows_no_redirect_and_waits_a_bounded_time(settings):
    settings.APPRISE_TIMEOUT = 8
    plugin = apprise_urls.make("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js")

    assert (plugin.redirects, plugin.verify_certificate, plugin.request_timeout) == (False, True, (3.0, 8.0))


@pytest.mark.parametrize("url", TAKEN)
def test_a_masked_address_shows_the_service_only(url):
    assert mask("apprise", url) == url.partition("://")[0] + "://…"


@pytest.mark.django_db
def test_rest_says_what_is_wrong_with_an_address():
    caller = make_caller("notifications.add_contactmethod")
    body = {"recipient": str(make_recipient().pk), "kind": "apprise", "address": "file:///etc/passwd"}

    answer = caller.send("/contact-methods", body)

    assert (answer.status_code, "begins with file://" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(("url", "shown"), [
    ("ntfy://our-alerts", "ntfy"), ("ntfys://tk_secret@our-alerts?mode=cloud", "ntfys"),
    ("ntfy://u:p@push.example.org/t", "push.example.org"),
    ("gotifys://push.example.org/Atoken", "push.example.org"), ("pover://user@token", "pover"), ("ntfy://[", "ntfy"),
])  # fmt: skip
def test_what_is_said_of_a_destination_holds_no_secret(url, shown):
    assert apprise_urls.destination(url) == shown
