"""Runs: what became of each. Rows nobody edits."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from jobs.admin.words import RUN_COLOURS
from jobs.enums import RUN_OPEN, RunStatus
from jobs.models import JobRun
from jobs.run_queries import who
from jobs.run_texts import lasting
from sentinel_site.lib.lists import BornFilter, LargeListMixin, ReadOnlyMixin
from sentinel_site.lib.underway import UnderwayMixin, bar


@admin.register(JobRun)
class JobRunAdmin(UnderwayMixin, ReadOnlyMixin, LargeListMixin):
    """Every run, from the moment it was wanted, with what it measured, said and printed."""

    list_display = ("began", "job", "judged", "took", "trigger", "by", "attempt", "says")
    list_select_related = ("job", "triggered_by")
    list_filter = (
        ("job", AutocompleteSelectFilter), ("status", ChoicesDropdownFilter), ("trigger", ChoicesDropdownFilter), ("queued_at", BornFilter)
    )  # fmt: skip
    search_fields = ("=chain_id",)
    search_help_text = _("The number of a chain")
    fieldsets = (
        (_("Run"), {"fields": ("job", "how_far", "see", "trigger", "by", "attempt", "message", "reason")}),
        (_("When"), {"fields": ("scheduled_for", "queued_at", "started_at", "finished_at", "took", "beat_at", "worker")}),
        (_("What came of it"), {"fields": ("figures", "shown_error", "shown_output", "with_arguments")}),
    )
    readonly_fields = ("how_far", "by", "see", "took", "figures", "shown_error", "shown_output", "with_arguments")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the secrets of their jobs; a list reads no output either."""
        rows = super().get_queryset(request).defer("job__http_url", "job__http_headers", "job__http_body")
        return rows if request.resolver_match and "object_id" in request.resolver_match.kwargs else rows.defer("error", "output", "stats")

    def underway(self, run: JobRun) -> str:
        """Its status, while it waits or runs."""
        return str(run.get_status_display()) if run.status in RUN_OPEN else ""

    def at_its_end(self, run: JobRun) -> str:
        """What became of it."""
        return str(run.get_status_display())

    @display(description=_("Status"))
    def how_far(self, run: JobRun) -> str:
        """Its status; while it runs, what it does and how much of it is done."""
        status = RunStatus(run.status)
        label = format_html('<span class="snt-label snt-{}">{}</span>', RUN_COLOURS[status], status.label)
        what, done, of = (run.progress.get(name) for name in ("what", "done", "of"))
        if status != RunStatus.RUNNING or what is None:
            return label
        said = f"{what}: {done} / {of}" if of else f"{what}: {done}"
        return format_html("{} {}{}", label, said, bar(done, of, gettext("Progress")) if of else "")

    @display(description=_("Began"))
    def began(self, run: JobRun) -> str:
        """When it started, or was wanted."""
        return f"{timezone.localtime(run.started_at or run.queued_at):%Y-%m-%d %H:%M:%S}"

    @display(description=_("Result"), label=RUN_COLOURS)
    def judged(self, run: JobRun) -> tuple[str, str]:
        """What became of it."""
        return run.status, run.get_status_display()

    @display(description=_("Took"))
    def took(self, run: JobRun) -> str:
        """From its start to its end."""
        return "–" if run.duration_ms is None else lasting(run.duration_ms)

    @display(description=_("By"))
    def by(self, run: JobRun) -> str:
        """Who started it."""
        return who(run) or "–"

    @display(description=_("Says"))
    def says(self, run: JobRun) -> str:
        """Its message, or why it did not run."""
        return (run.message or run.reason)[:120] or "–"

    @display(description=_("See"))
    def see(self, run: JobRun) -> str:
        """Its page, and the other runs of its chain."""
        chain = f"{reverse('admin:jobs_jobrun_changelist')}?q={run.chain_id}"
        links = ((reverse("live-job-run", args=[run.pk]), gettext("Live page")), (chain, gettext("All runs of its chain")))
        return format_html_join(" · ", '<a class="snt-link" href="{}">{}</a>', links)

    @display(description=_("Figures"))
    def figures(self, run: JobRun) -> str:
        """What it measured."""
        return _raw(json.dumps(run.stats, indent=2, ensure_ascii=False) if run.stats else "")

    @display(description=_("Error"))
    def shown_error(self, run: JobRun) -> str:
        """With its traceback."""
        return _raw(run.error)

    @display(description=_("Output"))
    def shown_output(self, run: JobRun) -> str:
        """The end of what it printed."""
        return _raw(run.output)

    @display(description=_("Arguments"))
    def with_arguments(self, run: JobRun) -> str:
        """As they were given."""
        return _raw(json.dumps(run.arguments, indent=2, ensure_ascii=False) if run.arguments else "")


def _raw(text: str) -> str:
    return format_html('<pre class="snt-raw" tabindex="0">{}</pre>', text) if text else "–"
