"""Jobs: what runs when and after what, how each is, and what may be done with it."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Prefetch, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from jobs import bulk_deeds, config, operating, scheduling
from jobs.admin.forms import FollowsForm, FollowsFormSet, JobForm, PauseForm, RunForm
from jobs.admin.words import RUN_COLOURS
from jobs.enums import JobKind, RunStatus
from jobs.errors import JobError
from jobs.models import Job, JobLink, JobRun
from sentinel_site.lib import bulk_asking, cron
from sentinel_site.lib.ages import ago, until
from sentinel_site.lib.field_checks import FieldChecksMixin, of_cron
from sentinel_site.lib.lists import NoBulkDeleteMixin, OfferedMixin
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import Problem

RUN = "jobs.run_job"
SHOWN_SLOTS = 5
BUILT_IN = ("slug", "kind", "callable")
"""What Sentinel's own jobs keep."""


class FollowsInline(TabularInline):
    """What the job follows."""

    model = JobLink
    fk_name = "child"
    form = FollowsForm
    formset = FollowsFormSet
    extra = 0
    hide_title = True
    autocomplete_fields = ("parent",)
    verbose_name, verbose_name_plural = _("job it follows"), _("Runs after")


@admin.register(Job)
class JobAdmin(OfferedMixin, FieldChecksMixin, NoBulkDeleteMixin, ModelAdmin):
    """Work that is done again and again. A change counts at once."""

    form = JobForm
    field_checks: ClassVar = {"cron": of_cron("time_zone")}
    inlines = (FollowsInline,)
    list_display = ("called", "how_it_is", "last_run", "next_run", "schedule", "follows")
    list_filter = (("kind", ChoicesDropdownFilter), ("enabled", BooleanRadioFilter), ("built_in", BooleanRadioFilter))
    list_filter_submit = True
    search_fields = ("slug", "name", "callable")
    search_help_text = _("Name, slug or callable")
    autocomplete_fields = ("source",)
    prepopulated_fields: ClassVar = {"slug": ["name"]}
    readonly_fields = ("now", "more", "next_runs", "address")
    actions: ClassVar = [bulk_asking.action(bulk_deeds.SWITCH_ON, "change"), bulk_asking.action(bulk_deeds.SWITCH_OFF, "change")]
    actions_detail: ClassVar = ["run_now", "pause", "resume"]
    fieldsets = (
        (_("Job"), {"fields": (("name", "slug"), "description", "kind", "enabled")}),
        (_("When it runs"), {
            "fields": (("cron", "time_zone"), ("overlap", "catch_up")),
            "description": _("Minute, hour, day of month, month and weekday, in its own zone. Of an external job: when it is expected."),
        }),
        (_("Python callable"), {"fields": ("callable", "arguments"), "classes": ("snt-if-callable",)}),
        (_("HTTP call"), {"fields": ("http_method", "address", "http_url", "http_headers", "forget_headers", "http_body"),
                            "classes": ("snt-if-http",)}),
        (_("How long, and how often"), {"fields": ("timeout_seconds", ("retries", "retry_seconds"))}),
        (_("Its alerts"), {"fields": (("grace_seconds", "long_seconds"), ("severity", "source"))}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the list shows of each."""
        last = JobRun.objects.filter(job=OuterRef("pk")).order_by("-id")
        parents = Prefetch("parents", JobLink.objects.select_related("parent"))
        return super().get_queryset(request).prefetch_related(parents).annotate(
            last_status=Subquery(last.values("status")[:1]), last_at=Subquery(last.values("queued_at")[:1])
        )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Job | None = None) -> Any:
        """A job that is there begins with how it is."""
        if obj is None:
            return self.fieldsets
        of_others = {kind for kind in JobKind if obj.built_in and kind != obj.kind}  # of other jobs, the form shows and hides them
        asked = (each for each in self.fieldsets if not of_others.intersection(_only_of(each)))
        return ((_("Now"), {"fields": ("now", "more", "next_runs")}), *asked)

    def get_readonly_fields(self, request: HttpRequest, obj: Job | None = None) -> tuple[str, ...]:
        """What Sentinel made stays what it is."""
        return (*self.readonly_fields, *BUILT_IN) if obj and obj.built_in else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Job | None = None) -> dict[str, list[str]]:
        """The slug follows the name until it is saved."""
        return {} if obj else dict(self.prepopulated_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Sentinel would make its own again."""
        return super().has_delete_permission(request, obj) and not (obj and obj.built_in)

    def has_run_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Who may run jobs and pause them."""
        return bool(request.user.has_perm(RUN))

    def idle_actions(self, object_id: Any) -> set[str]:
        """One is paused, or goes on."""
        paused = Job.objects.filter(pk=object_id, paused_until__gt=timezone.now()).exists()
        return {"pause"} if paused else {"resume"}

    def get_urls(self) -> list[Any]:
        """The page that asks before a run, before the admin's own."""
        return [path("<int:pk>/run/", self.admin_site.admin_view(self.run_view), name="jobs_job_run"), *super().get_urls()]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """When it runs next follows from what was saved."""
        super().save_related(request, form, formsets, change)
        scheduling.reschedule(form.instance.pk, at=timezone.now())

    def view_on_site(self, job: Job) -> str:
        """Its place on the live page."""
        return f"{reverse('live-jobs')}#{job.slug}"

    @display(description=_("name"), ordering="name")
    def called(self, job: Job) -> str:
        """Its name; that of one of Sentinel's own in the reader's language."""
        return job.own_name

    @display(description=_("State"), label=RUN_COLOURS)
    def how_it_is(self, job: Any) -> tuple[str, str]:
        """What became of its last run."""
        if not job.enabled:
            return "off", gettext("Switched off")
        if job.paused_until and job.paused_until > timezone.now():
            return "paused", gettext("Paused until %(at)s") % {"at": f"{timezone.localtime(job.paused_until):%Y-%m-%d %H:%M}"}
        return (job.last_status, str(RunStatus(job.last_status).label)) if job.last_status else ("never", gettext("Never ran"))

    @display(description=_("State"))
    def now(self, job: Any) -> str:
        """What became of its last run, in words."""
        return f"{self.how_it_is(job)[1]}, {self.last_run(job)}" if job.last_at else self.how_it_is(job)[1]

    @display(description=_("Last run"))
    def last_run(self, job: Any) -> str:
        """How long ago."""
        return ago(job.last_at, at=timezone.now()) if job.last_at else "–"

    @display(description=_("Next run"), ordering="next_run_at")
    def next_run(self, job: Job) -> str:
        """By the clock."""
        return until(job.next_run_at, at=timezone.now()) if job.next_run_at else "–"

    @display(description=_("Schedule"), ordering="cron")
    def schedule(self, job: Job) -> str:
        """Its cron expression."""
        return f"{job.cron} ({job.time_zone})" if job.cron else "–"

    @display(description=_("After"))
    def follows(self, job: Job) -> str:
        """The jobs it follows."""
        return ", ".join(link.parent.name for link in job.parents.all()) or "–"

    @display(description=_("The next runs"))
    def next_runs(self, job: Job) -> str:
        """The slots to come, in its own zone: as a check of the schedule."""
        if not job.cron:
            return gettext("By the clock: none.")
        zone, moment = ZoneInfo(job.time_zone), timezone.now()
        found: list[str] = []
        while len(found) < SHOWN_SLOTS and (slot := cron.after(job.cron, moment, zone)):
            found.append(f"{date_format(slot.astimezone(zone), 'D')} {slot.astimezone(zone):%Y-%m-%d %H:%M}")
            moment = slot
        return format_html("{} ({})", ", ".join(found), job.time_zone)

    @display(description=_("Host"))
    def address(self, job: Job) -> str:
        """Where the call goes; the rest of the URL may hold a token."""
        return config.host(job.http_url) or "–"

    @display(description=_("See"))
    def more(self, job: Job) -> str:
        """Where the rest of it is."""
        runs = f"{reverse('admin:jobs_jobrun_changelist')}?job__id__exact={job.pk}"
        links = ((self.view_on_site(job), gettext("Live page")), (runs, gettext("Its runs")))
        return format_html_join(" · ", '<a class="snt-link" href="{}">{}</a>', links)

    @action(description=_("Run now"), permissions=["run"], icon="play_arrow", variant=ActionVariant.PRIMARY)
    def run_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """To the page that asks."""
        return redirect("admin:jobs_job_run", pk=object_id)

    @action(
        description=_("Pause"), permissions=["run"], icon="pause",
        dialog={"title": _("Pause"), "description": _("Until then the clock starts no run of it, and nobody is told that it is late. What "
                "passes meanwhile is not caught up."), "form_class": PauseForm, "form_submit_text": _("Pause")},
    )  # fmt: skip
    def pause(self, request: HttpRequest, form: PauseForm, object_id: str) -> HttpResponse:
        """Pause one job."""
        job = self._operated(request, object_id)
        operating.pause(job, until=form.until(), by=caller(request), at=timezone.now())
        messages.success(request, _("%(job)s is paused.") % {"job": job.name})
        return _back(job)

    @action(
        description=_("Go on"), permissions=["run"], icon="resume",
        dialog={"title": _("Go on"), "description": _("The clock starts it again. What passed meanwhile is not caught up."),
                "form_class": BaseDialogForm, "form_submit_text": _("Go on")},
    )  # fmt: skip
    def resume(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Go on with a paused job."""
        job = operating.resume(self._operated(request, object_id), by=caller(request), at=timezone.now())
        messages.success(request, _("%(job)s is not paused.") % {"job": job.name})
        return _back(job)

    def run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, with the arguments; then run it."""
        job = self._operated(request, pk)
        form = RunForm(job, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                run = operating.run_now(job, by=caller(request), at=timezone.now(), arguments=form.arguments())
            except (JobError, Problem) as error:
                form.add_error(None, str(error))
            else:
                return redirect("live-job-run", run_id=run.pk)
        running = job.runs.filter(status=RunStatus.RUNNING).order_by("-id").first()
        context = {**self.admin_site.each_context(request), "title": _("Run “%(job)s” now") % {"job": job},
                   "opts": self.opts, "original": job, "job": job, "form": form,
                   "running": running, "external": job.kind == JobKind.EXTERNAL}  # fmt: skip
        return TemplateResponse(request, "admin/jobs/job/run.html", context)

    def _operated(self, request: HttpRequest, pk: object) -> Job:
        if not request.user.has_perm(RUN):
            raise PermissionDenied
        return get_object_or_404(Job, pk=pk)


def _only_of(fieldset: tuple[Any, dict[str, Any]]) -> list[str]:
    """The kinds of job that a part of the form is for alone (see admin.css)."""
    return [name.removeprefix("snt-if-") for name in fieldset[1].get("classes", ())]


def _back(job: Job) -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": reverse("admin:jobs_job_change", args=[job.pk])})
