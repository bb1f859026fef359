"""Expected backups: when, how they are, and what they wait for."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminEmailInputWidget

from backups import bulk_deeds, config, pings, scans, when
from backups.admin.words import STATUS_COLOURS, in_zone, listed, off_by, shown
from backups.models import ExpectedBackupJob, RestoreProof
from sentinel_site.lib import bulk_asking
from sentinel_site.lib.ages import until
from sentinel_site.lib.field_checks import FieldChecksMixin, of_cron
from sentinel_site.lib.lists import NoBulkDeleteMixin
from sentinel_site.lib.permissions import caller


class ExpectedBackupJobForm(forms.ModelForm):
    """An expected backup, checked as REST checks it."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"), choices=list(WEEKDAYS.items()), coerce=int, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Of an hourly, daily or weekly backup. None ticked: every day; for a weekly one: Monday."),
    )  # fmt: skip
    email_for_notifications = forms.EmailField(
        required=False, widget=UnfoldAdminEmailInputWidget, label=_("E-mail"),
        help_text=_("Told by mail as well, besides whom the alert's policy tells."),
    )  # fmt: skip

    class Meta:
        model = ExpectedBackupJob
        fields = "__all__"  # noqa: DJ007 (the admin's fieldsets choose)

    def clean_period_seconds(self) -> int | None:
        """As REST bounds it."""
        seconds: int | None = self.cleaned_data["period_seconds"]
        if seconds is not None and not config.MIN_PERIOD <= seconds <= config.MAX_PERIOD:
            raise forms.ValidationError(
                _("Write %(least)d to %(most)d seconds: a day is 86400.") % {"least": config.MIN_PERIOD, "most": config.MAX_PERIOD}
            )
        return seconds


@admin.register(ExpectedBackupJob)
class ExpectedBackupJobAdmin(FieldChecksMixin, NoBulkDeleteMixin, ModelAdmin):
    """Every backup that is expected. One that does not come, or is not good, is an alert."""

    form = ExpectedBackupJobForm
    field_checks: ClassVar = {"cron": of_cron("timezone")}
    list_before_template = "admin/backups/expectedbackupjob/first.html"
    list_display = ("__str__", "status_now", "next_now", "last_good", "kind", "is_active")
    list_filter = (
        ("current_status", ChoicesDropdownFilter), ("is_active", BooleanRadioFilter), ("backup_frequency", ChoicesDropdownFilter),
        ("reported_by", ChoicesDropdownFilter), ("severity", ChoicesDropdownFilter),
    )  # fmt: skip
    list_filter_submit = True
    search_fields = ("database_name", "company_name", "city", "neighborhood", "agent_id_responsible", "slug")
    search_help_text = _("Database, company, place, agent or slug")
    readonly_fields = ("how_it_is", "next_runs", "warned", "more", "ping_address")
    actions: ClassVar = [bulk_asking.action(bulk_deeds.SWITCH_ON, "change"), bulk_asking.action(bulk_deeds.SWITCH_OFF, "change")]
    fieldsets = (
        (_("Backup"), {"fields": (("database_name", "agent_id_responsible"), ("company_name", "city"), ("neighborhood", "is_active"))}),
        (_("When it is expected"), {"fields": (
            ("backup_frequency", "timezone"), ("expected_hour_utc", "expected_minute_utc"), "weekdays", "day_of_month", "once_on", "cron",
            ("grace_minutes", "period_seconds"),
        )}),
        (_("What is asked of it"), {"fields": ("final_storage_path_template", ("change_expected", "restore_proof_days"))}),
        (_("Its alerts"), {"fields": (("severity", "email_for_notifications"),)}),
        (_("How it reports"), {"fields": (("reported_by", "slug"), ("post_only", "manual_resume"))}),
    )  # fmt: skip

    def get_urls(self) -> list[Any]:
        """Asking for a scan, before the admin's own."""
        own = path("scan/", self.admin_site.admin_view(self.scan_view), name="backups_expectedbackupjob_scan")
        return [own, *super().get_urls()]

    def scan_view(self, request: HttpRequest) -> HttpResponse:
        """Look at the agents' folders now. Whoever asks while one waits gets that one."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("backups.add_scan"):
            raise PermissionDenied
        scan = scans.request(scans.ASKED, at=timezone.now())
        if request.user.has_perm("backups.view_scan"):
            return HttpResponseRedirect(reverse("admin:backups_scan_change", args=[scan.pk]))
        messages.success(request, _("A scan was asked for at %(at)s; what it finds appears here.") % {"at": shown(scan.started_at)})
        return HttpResponseRedirect(reverse("admin:backups_expectedbackupjob_changelist"))

    def get_fieldsets(self, request: HttpRequest, obj: ExpectedBackupJob | None = None) -> Any:
        """One that is there begins with how it is. Its address for pings is no matter of those who may only look."""
        if obj is None:
            return self.fieldsets
        secret = ((_("Pings"), {"fields": ("ping_address",)}),) if self.has_change_permission(request, obj) else ()
        return ((_("Now"), {"fields": ("how_it_is", "next_runs", "warned", "more")}), *self.fieldsets, *secret)

    def view_on_site(self, job: ExpectedBackupJob) -> str:
        """Its live page."""
        return reverse("live-backup", args=[job.pk])

    def save_model(self, request: HttpRequest, obj: ExpectedBackupJob, form: Any, change: bool) -> None:
        """By the one door: its next run is worked out anew."""
        if not change:
            obj.created_by = caller(request)
        config.save(obj, by=caller(request), at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: ExpectedBackupJob) -> None:
        """With its entries; whoever decides about it now waits."""
        config.delete([obj.pk], by=caller(request), at=timezone.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The jobs alone: their entries and pings go with them, and may be thousands."""
        names = [gettext("%(job)s, with what became of its runs, its pings and its restore proofs") % {"job": job} for job in objs]
        return names, {gettext("expected backups"): len(names)}, set(), []

    @display(description=_("Status"), label=STATUS_COLOURS, ordering="current_status")
    def status_now(self, job: ExpectedBackupJob) -> tuple[str, str]:
        """By its newest run that is decided."""
        return (job.current_status, job.get_current_status_display()) if job.is_active else ("off", gettext("Off"))

    @display(description=_("Expected"), ordering="next_expected_at")
    def next_now(self, job: ExpectedBackupJob) -> str:
        """In words: how soon."""
        return until(job.next_expected_at, at=timezone.now()) if job.next_expected_at else "–"

    @display(description=_("Last success"), ordering="last_successful_backup_utc")
    def last_good(self, job: ExpectedBackupJob) -> str:
        """When the last good one ended."""
        return shown(job.last_successful_backup_utc)

    @display(description=_("Expected by"))
    def kind(self, job: ExpectedBackupJob) -> str:
        """Its frequency in a word."""
        return job.get_backup_frequency_display() if job.period_seconds is None else gettext("Pings")

    @display(description=_("Status"))
    def how_it_is(self, job: ExpectedBackupJob) -> str:
        """One line: status, the last success and failure, and what runs."""
        parts = [
            self.status_now(job)[1], gettext("last success %(at)s") % {"at": shown(job.last_successful_backup_utc)},
            gettext("last failure %(at)s") % {"at": shown(job.last_failed_backup_utc)} if job.last_failed_backup_utc else "",
            gettext("running since %(at)s") % {"at": shown(job.started_at)} if job.started_at else "",
        ]  # fmt: skip
        return " · ".join(part for part in parts if part)

    @display(description=_("Next expected runs"))
    def next_runs(self, job: ExpectedBackupJob) -> str:
        """Five of them, by its own clock: whoever set it up sees at once whether that is what was meant."""
        runs = config.upcoming(job, at=timezone.now())
        if not runs:
            return gettext("None: it is switched off.") if not job.is_active else gettext("None any more.")
        late = gettext("Missing %(grace)s later.") % {"grace": when.grace(job)} if job.period_seconds is None else ""
        items = format_html_join("", "<li>{}</li>", ((in_zone(each, job.timezone),) for each in runs))
        return format_html('<ol class="snt-plain">{}</ol><p class="snt-muted">{}</p>', items, late)

    @display(description=_("Look at this"))
    def warned(self, job: ExpectedBackupJob) -> str:
        """What is most likely set wrongly."""
        shift = config.always_off(job)
        return format_html('<strong class="snt-warn">{}</strong>', off_by(shift)) if shift else gettext("Nothing is odd.")

    @display(description=_("See"))
    def more(self, job: ExpectedBackupJob) -> str:
        """Where the rest of it is."""
        live = format_html('<a class="snt-link" href="{}">{}</a>', reverse("live-backup", args=[job.pk]), gettext("Live page"))
        query = f"expected_job__id__exact={job.pk}"
        links = [live, listed(gettext("What became of its runs"), "backupentry", query),
                 listed(gettext("Pings"), "ping", f"job__id__exact={job.pk}"),
                 listed(gettext("Restore proofs"), "restoreproof", f"job__id__exact={job.pk}")]  # fmt: skip
        return format_html_join(" · ", "{}", ((link,) for link in links))

    @display(description=_("Its address"))
    def ping_address(self, job: ExpectedBackupJob) -> str:
        """Where it is pinged: at the end of a script, with /start at its beginning and /fail when it failed."""
        return format_html('<pre class="snt-raw" tabindex="0">{}</pre><p class="snt-muted">{}</p>', pings.url(job), self._how_to_ping)

    _how_to_ping = _(
        "Add /start at the beginning of a run and /fail when it failed. Whoever knows this address can ping, and nothing else."
    )


@admin.register(RestoreProof)
class RestoreProofAdmin(ModelAdmin):
    """Restores of backups: somebody tried one, and says how it went."""

    list_display = ("job", "restored_at", "outcome", "detail", "by")
    list_select_related = ("job", "by")
    list_filter = (("succeeded", BooleanRadioFilter),)
    search_fields = ("job__database_name", "job__company_name", "detail")
    search_help_text = _("Database, company or words of the detail")
    autocomplete_fields = ("job",)
    fields = ("job", "restored_at", "succeeded", "detail")

    @display(description=_("Succeeded"), label={"yes": "success", "no": "danger"}, ordering="succeeded")
    def outcome(self, proof: RestoreProof) -> tuple[str, str]:
        """Whether what came back could be used."""
        return ("yes", gettext("yes")) if proof.succeeded else ("no", gettext("no"))

    def save_model(self, request: HttpRequest, obj: RestoreProof, form: Any, change: bool) -> None:
        """With who says it."""
        obj.by = caller(request)
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: RestoreProof | None = None) -> bool:
        """Nobody: what was said stays as it was said."""
        return False
