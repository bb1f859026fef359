"""What an empty list of the admin says: what it is for, and the one thing to do next."""

from typing import Any, Final, NamedTuple

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Empty(NamedTuple):
    """What a list is for; ``next`` is what fills it, at the address named ``url``, for who has ``permission``."""

    icon: str
    says: Any
    next: Any = ""
    url: str = ""
    permission: str = ""


STATES: Final[dict[str, Empty]] = {
    "alerts.alert": Empty(
        "crisis_alert",
        _("What is wrong, who was told, and who has it. An alert appears as soon as a source reports."),
        _("Report the first one"), "first-steps", "sentinel_site.add_apikey",
    ),
    "alerts.report": Empty(
        "inbox",
        _("Every message from outside, as it came, with what became of it; refused ones with the reason."),
        _("Make something report"), "first-steps", "sentinel_site.add_apikey",
    ),
    "alerts.reportmapping": Empty(
        "transform",
        _("Says where the messages of a program that Sentinel does not know have what an alert needs."),
        _("Add a mapping"), "admin:alerts_reportmapping_add", "alerts.add_reportmapping",
    ),
    "alerts.foreignalert": Empty(
        "sync",
        _("What Prometheus and its like say of their own alerts. It fills by itself once they send here."),
        _("Look at the sources"), "admin:alerts_source_changelist", "alerts.view_source",
    ),
    "alerts.flapping": Empty(
        "repeat",
        _("What comes and goes again and again is listed here, told once, and held back until it is calm."),
    ),
    "alerts.source": Empty(
        "settings_input_antenna",
        _(
            "Whatever reports: cameras, meters, programs, other monitoring. "
            "Each says how severe its reports are and how repeats are folded."
        ),
        _("Add a source"), "admin:alerts_source_add", "alerts.add_source",
    ),
    "alerts.route": Empty(
        "alt_route",
        _("Decides by labels which policy and priority an alert gets. Without one, each source's own policy is used."),
        _("Add a route"), "admin:alerts_route_add", "alerts.add_route",
    ),
    "alerts.escalationpolicy": Empty(
        "stairs",
        _("Says who is told, when, and who is next while nobody answers."),
        _("Add a policy"), "admin:alerts_escalationpolicy_add", "alerts.add_escalationpolicy",
    ),
    "alerts.silence": Empty(
        "notifications_paused",
        _("Keeps people from being told for a while, for example during work. It hides nothing: the alerts are still listed."),
        _("Add a silence"), "admin:alerts_silence_add", "alerts.add_silence",
    ),
    "alerts.maintenancewindow": Empty(
        "construction",
        _("A silence that comes again: every night, every first Sunday. Each occurrence can be ended alone."),
        _("Add a window"), "admin:alerts_maintenancewindow_add", "alerts.add_maintenancewindow",
    ),
    "alerts.inhibition": Empty(
        "account_tree",
        _("While one alert is open, others that it explains are held back: the switch is down, so its cameras are silent."),
        _("Add an inhibition"), "admin:alerts_inhibition_add", "alerts.add_inhibition",
    ),
    "alerts.subscription": Empty(
        "webhook",
        _("Tells other programs what happens to alerts, signed and in order."),
        _("Add a subscription"), "admin:alerts_subscription_add", "alerts.add_subscription",
    ),
    "alerts.wall": Empty(
        "tv",
        _("An address for a screen on a wall that shows what is open, without anybody signing in."),
        _("Add a screen"), "admin:alerts_wall_add", "alerts.add_wall",
    ),
    "notifications.delivery": Empty(
        "outgoing_mail",
        _("Each message through each contact method, and what became of it. It fills when somebody is told."),
        _("Send a test message"), "admin:notifications_contactmethod_changelist", "notifications.change_contactmethod",
    ),
    "notifications.notification": Empty(
        "campaign",
        _("What was told to whom, and why. It fills when somebody is told."),
        _("Send a test message"), "admin:notifications_contactmethod_changelist", "notifications.change_contactmethod",
    ),
    "notifications.recipient": Empty(
        "person",
        _("The people who can be told. Each has contact methods: mail, telephone, push."),
        _("Add a person"), "admin:notifications_recipient_add", "notifications.add_recipient",
    ),
    "notifications.recipientgroup": Empty(
        "groups",
        _("People who are told together. Policies name groups, so that a policy need not change when people do."),
        _("Add a group"), "admin:notifications_recipientgroup_add", "notifications.add_recipientgroup",
    ),
    "notifications.contactmethod": Empty(
        "alternate_email",
        _("Ways to reach people. Nothing is sent to one before it is verified."),
        _("Add a person"), "admin:notifications_recipient_add", "notifications.add_recipient",
    ),
    "notifications.oncallschedule": Empty(
        "calendar_month",
        _("Who takes turns being on call. A policy that names a schedule tells whoever is on call at that moment."),
        _("Add a schedule"), "admin:notifications_oncallschedule_add", "notifications.add_oncallschedule",
    ),
    "notifications.oncalloverride": Empty(
        "swap_horiz",
        _("Somebody takes over from somebody else for a while, whatever the schedule says."),
        _("Add an override"), "admin:notifications_oncalloverride_add", "notifications.add_oncalloverride",
    ),
    "notifications.calendarfeed": Empty(
        "link",
        _("Secret addresses by which calendar programs show who is on call."),
        _("Make a calendar link"), "admin:notifications_calendarfeed_add", "notifications.add_calendarfeed",
    ),
    "notifications.messagetemplate": Empty(
        "edit_note",
        _("Texts of yours in place of the built-in ones. Without any, the built-in ones are sent."),
        _("Write a text"), "admin:notifications_messagetemplate_add", "notifications.add_messagetemplate",
    ),
    "devices.device": Empty(
        "graphic_eq",
        _("Sound level meters and other sensors that Sentinel watches."),
        _("Add a device"), "admin:devices_device_add", "devices.add_device",
    ),
    "devices.alertrule": Empty(
        "rule",
        _("Raises an alert while what a device measures stays beyond a threshold. It can be tried on the past before it counts."),
        _("Add a rule"), "admin:devices_alertrule_add", "devices.add_alertrule",
    ),
    "devices.ruleevent": Empty(
        "show_chart",
        _("Each time a rule found its threshold crossed, from the onset to the clear. It fills by itself."),
        _("Look at the rules"), "admin:devices_alertrule_changelist", "devices.view_alertrule",
    ),
    "devices.devicecommand": Empty(
        "terminal",
        _("What people asked devices to do, and what came of it. Commands are given on a device's page."),
        _("Look at the devices"), "live-devices", "devices.view_device",
    ),
    "devices.techniciannote": Empty(
        "speaker_notes",
        _("What technicians write about a device or a place. Trouble found in it becomes an alert."),
        _("Write a note"), "admin:devices_techniciannote_add", "devices.add_techniciannote",
    ),
    "devices.notefinding": Empty(
        "find_in_page",
        _("Trouble that was found in notes."),
        _("Look at the notes"), "admin:devices_techniciannote_changelist", "devices.view_techniciannote",
    ),
    "jobs.job": Empty(
        "event_repeat",
        _("Work that is done again and again, by the clock or after other work. A run that fails or does not come is told of."),
        _("Add a job"), "admin:jobs_job_add", "jobs.add_job",
    ),
    "jobs.jobrun": Empty(
        "history",
        _("Each run of a job, from the moment it is wanted to what became of it."),
        _("Look at the jobs"), "admin:jobs_job_changelist", "jobs.view_job",
    ),
    "backups.expectedbackupjob": Empty(
        "cloud_done",
        _("Backups that must come. One that is late, small, altered or missing is told of."),
        _("Expect a backup"), "admin:backups_expectedbackupjob_add", "backups.add_expectedbackupjob",
    ),
    "backups.backupentry": Empty(
        "assignment_turned_in",
        _("What became of each expected backup: good, late, failed or missing. It fills when reports come."),
        _("Look at what is expected"), "admin:backups_expectedbackupjob_changelist", "backups.view_expectedbackupjob",
    ),
    "backups.unexpecteddatabase": Empty(
        "help_center",
        _("Databases that are backed up though nobody expects it. None is a good sign."),
    ),
    "backups.quarantinedreport": Empty(
        "shield_lock",
        _("Reports that could not be read. None is a good sign."),
    ),
    "backups.ping": Empty(
        "touch_app",
        _("Signs of life from scripts: a script calls an address when it is done."),
        _("Look at the addresses"), "admin:backups_expectedbackupjob_changelist", "backups.view_expectedbackupjob",
    ),
    "backups.pingkey": Empty(
        "vpn_key",
        _("One key by which scripts may ping every expected backup by its name."),
        _("Make a ping key"), "admin:backups_pingkey_add", "backups.add_pingkey",
    ),
    "backups.restoreproof": Empty(
        "settings_backup_restore",
        _("A backup that was never restored is a hope. Whoever restored one says so here."),
        _("Report a restore"), "admin:backups_restoreproof_add", "backups.add_restoreproof",
    ),
    "backups.scan": Empty(
        "frame_inspect",
        _("Each look into the folder where backup agents leave their reports."),
    ),
    "sentinel_site.apikey": Empty(
        "key",
        _("Keys by which programs act as a user. Each is shown once, and can be revoked."),
        _("Make an API key"), "admin:sentinel_site_apikey_add", "sentinel_site.add_apikey",
    ),
    "sentinel_site.processbeat": Empty(
        "monitor_heart",
        _("The last sign of life of each of Sentinel's processes."),
    ),
    "sentinel_site.bulkrun": Empty(
        "checklist",
        _("What was done to many things at once: by whom, how far it got, and what failed. Tick rows of a list and choose an action."),
    ),
    "axes.accessattempt": Empty(
        "lock",
        _("Failed sign-ins. None is a good sign."),
    ),
    "auth.group": Empty(
        "shield_person",
        _("Rights that people get by being in a group."),
        _("Add a group"), "admin:auth_group_add", "auth.add_group",
    ),
}  # fmt: skip


def of(label: str, user: User) -> dict[str, Any]:
    """What the empty list of ``label`` ("alerts.alert") says to ``user``; a list that nobody wrote about says only that it is empty."""
    state = STATES.get(label, Empty("inbox", ""))
    may = bool(state.url) and user.has_perm(state.permission)
    return {"icon": state.icon, "says": state.says, "next": state.next if may else "", "url": reverse(state.url) if may else ""}
