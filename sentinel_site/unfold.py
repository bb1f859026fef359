"""Unfold's settings: the admin's name, colours and navigation in plain words."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

DELIVERIES, TRANSPORTS = "/admin/notifications/delivery/", "/admin/notifications/delivery/transports/"
ROUTES = "/admin/alerts/route/"
POLICIES, FORESIGHT = "/admin/alerts/escalationpolicy/", "/admin/alerts/escalationpolicy/foresight/"
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


def environment(_request: HttpRequest) -> list[str] | None:
    """A badge when links in messages lead to this machine only, so that nobody goes live like that unawares."""
    host = settings.SENTINEL_BASE_URL.partition("://")[2].partition("/")[0].rpartition(":")[0]
    return [str(_("Local only")), "warning"] if host in LOCAL_HOSTS else None


def _may_view(permission: str) -> Any:
    return lambda request: request.user.has_perm(permission)


def _among(request: HttpRequest, base: str, *others: str) -> bool:
    """Whether the page is one of those at ``base``, and none of the ``others`` that have an entry of their own."""
    return request.path.startswith(base) and request.path not in {base + other for other in others}


def _page(title: Any, icon: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": capfirst(title), "icon": icon, "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _may_view(f"{app}.view_{name}"),
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
    "SHOW_LANGUAGES": True,
    "ENVIRONMENT": "sentinel_site.unfold.environment",
    "DASHBOARD_CALLBACK": "sentinel_site.dashboard.context",
    "COMMAND": {"search_models": False, "search_callback": None},
    "SCRIPTS": [lambda _request: static("admin_sentinel/names.js"), lambda _request: static("admin_sentinel/palette.js")],
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
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": [
            {"items": [
                {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
                {"title": _("Live board"), "icon": "sensors", "link": "/live/", "permission": _may_view("alerts.view_alert")},
                {"title": _("Wall"), "icon": "slideshow", "link": "/live/wall/", "permission": _may_view("alerts.view_alert")},
                {"title": _("Live devices"), "icon": "speed", "link": "/live/devices/",
                 "permission": _may_view("devices.view_device")},
                {"title": _("Live backups"), "icon": "cloud_sync", "link": "/live/backups/",
                 "permission": _may_view("backups.view_expectedbackupjob")},
                {"title": _("Live jobs"), "icon": "play_circle", "link": "/live/jobs/", "permission": _may_view("jobs.view_jobrun")},
                {"title": _("Dashboards"), "icon": "bar_chart", "link": "/live/dashboards/", "permission": _may_view("alerts.view_alert")},
                {"title": _("Noise"), "icon": "hearing_disabled", "link": "/live/noise/",
                 "permission": _may_view("alerts.view_noisereport")},
            ]},
            {"title": _("What happens"), "separator": True, "items": [
                _page(_("Alerts"), "crisis_alert", "alerts.alert"),
                _page(pgettext_lazy("alerts", "Reports"), "inbox", "alerts.report"),
                _page(_("External alerts"), "sync", "alerts.foreignalert"),
                _page(_("Flapping"), "repeat", "alerts.flapping"),
                _page(_("Deliveries"), "outgoing_mail", "notifications.delivery")
                | {"active": lambda request: request.path.startswith(DELIVERIES) and request.path != TRANSPORTS},
                _page(_("Notifications"), "campaign", "notifications.notification"),
                {"title": _("Transports"), "icon": "cell_tower", "link": reverse_lazy("admin:notifications_transports"),
                 "permission": _may_view("notifications.view_delivery")},
            ]},
            {"title": _("Who is told"), "separator": True, "items": [
                _page(_("Recipients"), "person", "notifications.recipient"),
                _page(_("Groups"), "groups", "notifications.recipientgroup"),
                _page(_("On call"), "calendar_month", "notifications.oncallschedule"),
                _page(_("Overrides"), "swap_horiz", "notifications.oncalloverride"),
                _page(_("Calendar links"), "link", "notifications.calendarfeed"),
                _page(_("Contact methods"), "alternate_email", "notifications.contactmethod"),
                _page(_("Message texts"), "edit_note", "notifications.messagetemplate"),
            ]},
            {"title": _("What is done when"), "separator": True, "items": [
                _page(_("Sources"), "settings_input_antenna", "alerts.source"),
                _page(_("Mappings"), "transform", "alerts.reportmapping"),
                _page(_("Routes"), "alt_route", "alerts.route")
                | {"active": lambda request: _among(request, ROUTES, "lint/", "who-gets-what/")},
                _page(_("Escalation policies"), "stairs", "alerts.escalationpolicy")
                | {"active": lambda request: request.path.startswith(POLICIES) and request.path != FORESIGHT},
                {"title": _("Who would be called"), "icon": "psychology_alt", "link": reverse_lazy("admin:alerts_foresight"),
                 "permission": _may_view("alerts.view_escalationpolicy")},
                {"title": _("Who gets what"), "icon": "table_view", "link": reverse_lazy("admin:alerts_who_gets_what"),
                 "permission": _may_view("alerts.view_escalationpolicy")},
                {"title": _("Will it work?"), "icon": "fact_check", "link": reverse_lazy("admin:alerts_lint"),
                 "permission": _may_view("alerts.view_escalationpolicy")},
                _page(_("Silences"), "notifications_paused", "alerts.silence"),
                _page(_("Maintenance windows"), "construction", "alerts.maintenancewindow"),
                _page(_("Inhibitions"), "account_tree", "alerts.inhibition"),
                _page(_("Subscriptions"), "webhook", "alerts.subscription"),
            ]},
            {"title": _("What measures"), "separator": True, "items": [
                _page(_("Devices"), "graphic_eq", "devices.device"),
                _page(_("Rules"), "rule", "devices.alertrule"),
                _page(_("Events"), "show_chart", "devices.ruleevent"),
                _page(_("Commands"), "terminal", "devices.devicecommand"),
                _page(_("Notes"), "speaker_notes", "devices.techniciannote"),
                _page(_("Findings"), "find_in_page", "devices.notefinding"),
            ]},
            {"title": _("What runs"), "separator": True, "items": [
                _page(_("Jobs"), "event_repeat", "jobs.job"),
                _page(_("Runs"), "history", "jobs.jobrun"),
            ]},
            {"title": _("What is backed up"), "separator": True, "items": [
                _page(_("Expected backups"), "cloud_done", "backups.expectedbackupjob"),
                _page(_("What became of them"), "assignment_turned_in", "backups.backupentry"),
                _page(_("Unexpected databases"), "help_center", "backups.unexpecteddatabase"),
                _page(_("Quarantine"), "shield_lock", "backups.quarantinedreport"),
                _page(_("Pings"), "touch_app", "backups.ping"),
                _page(_("Ping keys"), "vpn_key", "backups.pingkey"),
                _page(_("Restore proofs"), "settings_backup_restore", "backups.restoreproof"),
                _page(_("Scans"), "frame_inspect", "backups.scan"),
            ]},
            {"title": _("Access and health"), "separator": True, "items": [
                _page(_("Users"), "manage_accounts", "auth.user"),
                _page(_("Rights"), "shield_person", "auth.group"),
                _page(_("API keys"), "key", "sentinel_site.apikey"),
                _page(_("Wall screens"), "tv", "alerts.wall"),
                _page(_("Failed sign-ins"), "lock", "axes.accessattempt"),
                _page(_("Processes"), "monitor_heart", "sentinel_site.processbeat"),
                _page(_("Changes"), "manage_history", "sentinel_site.configchange"),
                {"title": _("Bulk runs"), "icon": "checklist", "link": reverse_lazy("admin:sentinel_site_bulkrun_changelist")},
                {"title": _("Import and export"), "icon": "import_export", "link": reverse_lazy("transfer"),
                 "permission": _may_view("notifications.view_recipient")},
            ]},
        ],
    },
}  # fmt: skip
