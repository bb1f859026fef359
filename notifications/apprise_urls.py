"""Which Apprise URLs are taken: a few services out of many, one destination each, and no way into our own network.

A service outside is called at the address that the library knows. One that is hosted by somebody is called at the host in
the URL, which must be listed in SENTINEL_APPRISE_HOSTS. Options in the URL that would read files, skip the check of a
certificate, follow redirects or call a failure a success are refused, and so is every option that is not known here.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

CONNECT_SECONDS: Final = 3.0
OUTSIDE: Final[Mapping[str, str]] = {
    "discord": "Discord", "tgram": "Telegram", "gchat": "Google Chat", "wxteams": "Webex", "webex": "Webex", "pover": "Pushover",
    "pbul": "Pushbullet", "spush": "SimplePush", "simplepush": "SimplePush", "prowl": "Prowl", "line": "Line", "threema": "Threema",
    "freemobile": "Free Mobile", "pagerduty": "PagerDuty", "signl4": "SIGNL4", "ntfy": "ntfy.sh", "ntfys": "ntfy.sh",
}  # fmt: skip
HOSTED: Final[Mapping[str, str]] = {
    "ntfy": "ntfy", "ntfys": "ntfy", "gotify": "Gotify", "gotifys": "Gotify", "mmost": "Mattermost", "mmosts": "Mattermost",
    "rocket": "Rocket.Chat", "rockets": "Rocket.Chat", "nctalk": "Nextcloud Talk", "nctalks": "Nextcloud Talk", "signal": "Signal",
    "signals": "Signal", "bark": "Bark", "barks": "Bark", "workflow": "Microsoft Teams", "workflows": "Microsoft Teams",
}  # fmt: skip
_PLUGINS: Final[Mapping[str, str]] = {
    "discord": "discord.NotifyDiscord", "tgram": "telegram.NotifyTelegram", "gchat": "google_chat.NotifyGoogleChat",
    "wxteam": "webexteams.NotifyWebexTeams", "webex": "webexteams.NotifyWebexTeams", "pover": "pushover.NotifyPushover",
    "pbul": "pushbullet.NotifyPushBullet", "spush": "simplepush.NotifySimplePush", "simplepush": "simplepush.NotifySimplePush",
    "prowl": "prowl.NotifyProwl", "line": "line.NotifyLine", "threema": "threema.NotifyThreema",
    "freemobile": "freemobile.NotifyFreeMobile", "pagerduty": "pagerduty.NotifyPagerDuty", "signl4": "signl4.NotifySIGNL4",
    "ntfy": "ntfy.NotifyNtfy", "gotify": "gotify.NotifyGotify", "mmost": "mattermost.NotifyMattermost",
    "rocket": "rocketchat.NotifyRocketChat", "nctalk": "nextcloudtalk.NotifyNextcloudTalk", "signal": "signal_api.NotifySignalAPI",
    "bark": "bark.NotifyBark", "workflow": "workflows.NotifyWorkflows",
}  # fmt: skip
TEAMS: Final = (".logic.azure.com", ".api.powerplatform.com")
"""Where Microsoft runs the workflows of Teams."""
OPTIONS: Final = frozenset({
    "id", "pa", "powerautomate", "sig", "ver", "api-version", "route", "routeid", "wrap", "region", "severity", "mode", "auth", "token",
    "priority", "sound", "interval", "expire", "to", "from", "silent", "preview", "topic", "thread", "tts", "avatar", "image", "footer",
    "ping", "channel", "level", "volume", "group", "class", "team", "botname", "status", "secret", "xtags", "critical_volume", "lang",
})  # fmt: skip
"""What may follow the question mark."""
_SHAPE: Final = re.compile(r"[a-z0-9]{2,20}://[!-~]{1,2000}", re.A)


def refusal(url: str) -> str:
    """Why ``url`` is not taken, to be read after "This address" in the reader's language; empty when it is."""
    if why := _shape(url):
        return why
    plugin = make(url)
    if plugin is None:
        return _("is not complete, or not as this service's Apprise URLs are; see appriseit.com/services")
    if len(plugin) > 1:
        return _("names several destinations; make a contact method of each")
    return _place(plugin, _schema(url))


def make(url: str) -> Any:
    """The library's object that sends to ``url``, with bounded waits; None when the library cannot read it.

    Only the one plugin is ever loaded: the library's own list of plugins, which knows files and local services, is not used.
    """
    import apprise  # noqa: PLC0415 (7 MB: only for the process that needs it)

    plugin = import_string(f"apprise.plugins.{_PLUGINS[_schema(url).removesuffix('s')]}")
    asset = apprise.AppriseAsset(http_redirects=False, secure_logging=True, async_mode=False, app_id="Sentinel", app_desc="Sentinel")
    try:
        made = plugin(**(plugin.parse_url(url) or {}), asset=asset)
    except (TypeError, ValueError, LookupError, AttributeError):
        return None
    made.socket_connect_timeout, made.socket_read_timeout = CONNECT_SECONDS, settings.APPRISE_TIMEOUT
    made.redirects, made.verify_certificate = False, True
    return made


def destination(url: str) -> str:
    """What hangs together when it hangs: the host of a hosted service, or the service outside."""
    schema = _schema(url)
    if schema not in HOSTED:
        return schema
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return schema
    listed = host.lower() in {each.lower() for each in settings.SENTINEL_APPRISE_HOSTS}
    return host if host and (listed or schema not in OUTSIDE) else schema  # ntfy://<topic> has its secret where others have a host


def _schema(url: str) -> str:
    return url.partition("://")[0].lower()


def _shape(url: str) -> str:
    """Whether it can be looked at at all: cheap, and before the library reads it."""
    schema = _schema(url)
    if not _SHAPE.fullmatch(schema + url[len(schema) :]):
        return _("is not an Apprise URL, for example ntfy://topic; encode blanks and special characters")
    if schema not in OUTSIDE and schema not in HOSTED:
        known = ", ".join(sorted({*OUTSIDE, *HOSTED}))
        return _("begins with %(scheme)s://, which Sentinel does not send to; it knows %(known)s") % {"scheme": schema, "known": known}
    asked = {name.lower() for name, _value in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    if refused := sorted(asked - OPTIONS):
        return _("has the option “%(name)s”, which Sentinel does not pass on; leave it out") % {"name": refused[0][:40]}
    return ""


def _place(plugin: Any, schema: str) -> str:
    """Whether the host that would be called may be."""
    if schema in OUTSIDE and (schema not in HOSTED or plugin.mode == "cloud"):
        return ""
    host = str(plugin.host or "").lower().rstrip(".")
    place = f"{host}:{plugin.port}" if plugin.port else host
    if place in {each.lower() for each in settings.SENTINEL_APPRISE_HOSTS}:
        return ""
    if schema.startswith("workflow") and not plugin.port and host.endswith(TEAMS):
        return ""
    said = _("leads to %(place)s, which is not listed in SENTINEL_APPRISE_HOSTS; ask whoever runs Sentinel to add it")
    return said % {"place": place[:100]}
