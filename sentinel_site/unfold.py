"""Unfold's settings: the admin's name, colours and navigation in plain words."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

DELIVERIES, TRANSPORTS = "/admin/notifications/delivery/", "/admin/notifications/delivery/transports/"
ROUTES = "/admin/alerts/route/"
POLICIES, FORESIGHT = "/admin/alerts/escalationpolicy/", "/admin/alerts/escalationpolicy/foresight/"
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


def environment(_request: HttpRequest) -> list[str] | None:
    """A badge when links in messages lead to this machine only, so that nobody goes live like that unawares."""
    host = settings.SENTINEL_BASE_URL.partition("://")[2].partition("/")[0].rpartition(":")[0]
    return ["Local only", "warning"] if host in LOCAL_HOSTS else None


def _may_view(permission: str) -> Any:
    return lambda request: request.user.has_perm(permission)


def _among(request: HttpRequest, base: str, *others: str) -> bool:
    """Whether the page is one of those at ``base``, and none of the ``others`` that have an entry of their own."""
    return request.path.startswith(base) and request.path not in {base + other for other in others}


def _page(title: str, icon: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title, "icon": icon, "link": reverse_lazy(f"admin:{app}_{name}_changelist"), "permission": _may_view(f"{app}.view_{name}")
    }  # fmt: skip


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Sentinel",
    "SITE_HEADER": "Sentinel",
    "SITE_SYMBOL": "notifications_active",
    "SITE_URL": "/live/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("admin_sentinel/icon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "sentinel_site.unfold.environment",
    "DASHBOARD_CALLBACK": "sentinel_site.dashboard.context",
    "COMMAND": {"search_models": False, "search_callback": None},
    "STYLES": [lambda _request: static("admin_sentinel/admin.css"), lambda _request: static("admin_sentinel/guide.css")],
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .016 230)", "100": "oklch(94% .032 230)", "200": "oklch(89% .062 230)", "300": "oklch(81% .1 232)",
            "400": "oklch(73% .13 235)", "500": "oklch(63% .15 240)", "600": "oklch(54% .15 245)", "700": "oklch(47% .135 247)",
            "800": "oklch(41% .11 248)", "900": "oklch(36% .09 250)", "950": "oklch(27% .07 252)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": True,
        "show_all_applications": False,
        "navigation": [
            {"items": [
                {"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")},
                {"title": "Live board", "icon": "sensors", "link": "/live/", "permission": _may_view("alerts.view_alert")},
                {"title": "Wall", "icon": "tv", "link": "/live/wall/", "permission": _may_view("alerts.view_alert")},
                {"title": "Live devices", "icon": "monitoring", "link": "/live/devices/", "permission": _may_view("devices.view_device")},
                {"title": "Live backups", "icon": "cloud_done", "link": "/live/backups/",
                 "permission": _may_view("backups.view_expectedbackupjob")},
                {"title": "Live jobs", "icon": "event_available", "link": "/live/jobs/", "permission": _may_view("jobs.view_jobrun")},
                {"title": "Noise", "icon": "hearing_disabled", "link": "/live/noise/", "permission": _may_view("alerts.view_noisereport")},
            ]},
            {"title": "What happens", "separator": True, "items": [
                _page("Alerts", "crisis_alert", "alerts.alert"),
                _page("Reports", "inbox", "alerts.report"),
                _page("Prometheus", "sync", "alerts.foreignalert"),
                _page("Flapping", "repeat", "alerts.flapping"),
                _page("Deliveries", "outgoing_mail", "notifications.delivery")
                | {"active": lambda request: request.path.startswith(DELIVERIES) and request.path != TRANSPORTS},
                _page("Notifications", "campaign", "notifications.notification"),
                {"title": "Transports", "icon": "cell_tower", "link": reverse_lazy("admin:notifications_transports"),
                 "permission": _may_view("notifications.view_delivery")},
            ]},
            {"title": "What measures", "separator": True, "items": [
                _page("Devices", "graphic_eq", "devices.device"),
                _page("Rules", "rule", "devices.alertrule"),
                _page("Events", "show_chart", "devices.ruleevent"),
                _page("Commands", "terminal", "devices.devicecommand"),
                _page("Notes", "speaker_notes", "devices.techniciannote"),
            ]},
            {"title": "What runs", "separator": True, "items": [
                _page("Jobs", "event_repeat", "jobs.job"),
                _page("Runs", "history", "jobs.jobrun"),
            ]},
            {"title": "What is backed up", "separator": True, "items": [
                _page("Expected backups", "event_available", "backups.expectedbackupjob"),
                _page("What became of them", "history", "backups.backupentry"),
                _page("Unexpected databases", "help_center", "backups.unexpecteddatabase"),
                _page("Quarantine", "shield_lock", "backups.quarantinedreport"),
                _page("Pings", "touch_app", "backups.ping"),
                _page("Ping keys", "vpn_key", "backups.pingkey"),
                _page("Restore proofs", "restore", "backups.restoreproof"),
                _page("Scans", "frame_inspect", "backups.scan"),
            ]},
            {"title": "Who is told", "separator": True, "items": [
                _page("Recipients", "person", "notifications.recipient"),
                _page("Groups", "groups", "notifications.recipientgroup"),
                _page("On call", "calendar_month", "notifications.oncallschedule"),
                _page("Overrides", "swap_horiz", "notifications.oncalloverride"),
                _page("Calendar links", "link", "notifications.calendarfeed"),
                _page("Contact methods", "alternate_email", "notifications.contactmethod"),
                _page("Message texts", "edit_note", "notifications.messagetemplate"),
            ]},
            {"title": "What is done when", "separator": True, "items": [
                _page("Sources", "settings_input_antenna", "alerts.source"),
                _page("Routes", "alt_route", "alerts.route")
                | {"active": lambda request: _among(request, ROUTES, "lint/", "who-gets-what/")},
                _page("Escalation policies", "escalator_warning", "alerts.escalationpolicy")
                | {"active": lambda request: request.path.startswith(POLICIES) and request.path != FORESIGHT},
                {"title": "Who would be called", "icon": "psychology_alt", "link": reverse_lazy("admin:alerts_foresight"),
                 "permission": _may_view("alerts.view_escalationpolicy")},
                {"title": "Who gets what", "icon": "table_view", "link": reverse_lazy("admin:alerts_who_gets_what"),
                 "permission": _may_view("alerts.view_escalationpolicy")},
                {"title": "Will it work?", "icon": "fact_check", "link": reverse_lazy("admin:alerts_lint"),
                 "permission": _may_view("alerts.view_escalationpolicy")},
                _page("Silences", "notifications_paused", "alerts.silence"),
                _page("Maintenance windows", "construction", "alerts.maintenancewindow"),
                _page("Inhibitions", "account_tree", "alerts.inhibition"),
                _page("Subscriptions", "webhook", "alerts.subscription"),
            ]},
            {"title": "Access and health", "separator": True, "collapsible": True, "items": [
                _page("Users", "manage_accounts", "auth.user"),
                _page("Rights", "shield_person", "auth.group"),
                _page("API keys", "key", "sentinel_site.apikey"),
                _page("Wall screens", "tv", "alerts.wall"),
                _page("Failed sign-ins", "lock", "axes.accessattempt"),
                _page("Processes", "monitor_heart", "sentinel_site.processbeat"),
            ]},
        ],
    },
}  # fmt: skip
