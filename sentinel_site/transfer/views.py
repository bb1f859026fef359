"""Pages of the admin that take configuration out and in."""

from typing import Any

from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from sentinel_site.changes import writing
from sentinel_site.lib.permissions import caller
from sentinel_site.transfer import files, taking_in, workbooks
from sentinel_site.transfer.names import Names
from sentinel_site.transfer.sorts import SORTS, Sort
from sentinel_site.transfer.taking_in import Outcome

SALT = "sentinel.transfer"
KEPT_SECONDS = 3600
SHOWN = 300
TYPES = {
    "csv": "text/csv; charset=utf-8", "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
SEPARATORS = {"": ",", "semicolon": ";"}


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Everything that can be taken out and in, as far as the reader may."""
    return _overview(request)


def _overview(request: HttpRequest, problem: str = "") -> HttpResponse:
    user = caller(request)
    sorts = [(sort, sort.may(user, "change")) for sort in SORTS.values() if sort.may(user, "view")]
    if not sorts:
        raise PermissionDenied
    return _page(request, _("Import and export"), "overview.html", sorts=sorts, problem=problem, status=422 if problem else 200)


@require_GET
def take_out(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """All rows of one sort as a file, without secrets. Who took out how many of what stays in the history."""
    sort, delimiter = _sort(request, name, "view"), SEPARATORS.get(request.GET.get("separator", ""))
    if form not in TYPES or delimiter is None:
        raise Http404
    names = Names()
    rows = [sort.values(row, names) for row in sort.rows()]
    try:
        content = _content(sort, rows, form, delimiter)
    except files.Unreadable as error:
        return _overview(request, problem=str(error))
    said = f"sentinel-{sort.name}-{timezone.localdate():%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{said}"', "Cache-Control": "no-store"}
    writing.exported(sort.model, f"{sort.name}, rows: {len(rows)}", file=said, by=caller(request), at=timezone.now())
    return HttpResponse(content, content_type=TYPES[form], headers=headers)


def _content(sort: Sort, rows: list[dict[str, Any]], form: str, delimiter: str) -> str | bytes:
    if form == "xlsx":
        return workbooks.made(sort.form, sort.columns, rows)
    return "\ufeff" + files.to_csv(sort.columns, rows, delimiter=delimiter) if form == "csv" else files.to_json(rows)


@require_http_methods(["GET", "POST"])
def take_in(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for a file, show what it would do, and do that."""
    sort = _sort(request, name, "change")
    if request.method == "GET":
        return _page(request, _("Import: %(what)s") % {"what": sort.title}, "upload.html", sort=sort)
    try:
        return _confirmed(request, sort) if "held" in request.POST else _looked(request, sort)
    except files.Unreadable as error:
        return _refused(request, sort, str(error))
    except taking_in.TooSlow:
        return _refused(request, sort, _("It takes too long for one request, and nothing was stored. Split the file."))


def _looked(request: HttpRequest, sort: Sort) -> HttpResponse:
    uploaded = request.FILES.get("file")
    if uploaded is None or uploaded.size is None or uploaded.size > files.MAX_BYTES:
        raise files.Unreadable(_("Choose a file of at most %(n)s KiB.") % {"n": files.MAX_BYTES // 1024})
    data = uploaded.read()
    text, said = workbooks.as_csv(data) if workbooks.is_one(data) else (files.text_of(data), "")
    return _shown(request, sort, str(uploaded.name)[:100], text, said=said)


def _shown(request: HttpRequest, sort: Sort, file_name: str, text: str, problem: str = "", said: str = "") -> HttpResponse:
    """What the file would do, with the file held in the page, signed for this person."""
    user = caller(request)
    outcome = taking_in.look(sort, files.read(text.encode(), sort.form), by=user, at=timezone.now())
    unclear = files.unclear_dates(text, sort.form)
    held = signing.dumps([user.pk, sort.name, file_name, text, outcome.says], salt=SALT, compress=True)
    return _preview(request, sort, outcome, held=held, file_name=file_name, problem=problem, said=said, unclear=unclear)


def _confirmed(request: HttpRequest, sort: Sort) -> HttpResponse:
    try:
        whose, name, file_name, text, says = signing.loads(request.POST["held"], salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        raise files.Unreadable(_("What you looked at is too old, or was changed on its way. Choose the file again.")) from None
    user = caller(request)
    if (whose, name) != (user.pk, sort.name):
        raise files.Unreadable(_("Somebody else looked at this, or at something else. Choose the file again."))
    rows = files.read(text.encode(), sort.form)
    looked = taking_in.look(sort, rows, by=user, at=timezone.now())
    if looked.findings and "understood" not in request.POST:
        return _shown(request, sort, file_name, text, _("Nothing was imported: tick that you have read what would not work any more."))
    with taking_in.imported(file_name):
        done = taking_in.take_in(sort, rows, by=user, at=timezone.now(), expected=says)
    if done is None:
        return _shown(request, sort, file_name, text, _("Nothing was imported: something changed since you looked. Look again."))
    _tell(request, sort, done)
    return redirect("transfer")


def _tell(request: HttpRequest, sort: Sort, done: Outcome) -> None:
    counts = {"what": sort.title, **{state: done.count(state) for state in (taking_in.NEW, taking_in.CHANGED, taking_in.SAME)}}
    messages.success(request, _("%(what)s: %(new)d new, %(changed)d changed, %(same)d as they were.") % counts)


def _refused(request: HttpRequest, sort: Sort, problem: str) -> HttpResponse:
    return _page(request, _("Import: %(what)s") % {"what": sort.title}, "upload.html", sort=sort, problem=problem, status=422)


def _preview(request: HttpRequest, sort: Sort, outcome: Outcome, **more: Any) -> HttpResponse:
    worst = sorted(outcome.lines, key=lambda line: (taking_in.ORDER.index(line.state), line.number))
    lines = [line for line in worst if line.state != taking_in.SAME]
    counts = [(word, colour, outcome.count(state)) for state, word, colour in _words()]
    return _page(
        request, _("Import: %(what)s") % {"what": sort.title}, "preview.html", sort=sort, outcome=outcome, lines=lines[:SHOWN],
        left_out=max(0, len(lines) - SHOWN), counts=counts, colours={state: (word, colour) for state, word, colour in _words()},
        nothing=outcome.good and not lines, status=200 if outcome.good else 422, **more,
    )  # fmt: skip


def _words() -> list[tuple[str, str, str]]:
    return [
        (taking_in.WRONG, _("wrong"), "danger"), (taking_in.NEW, _("new"), "success"), (taking_in.CHANGED, _("changed"), "info"),
        (taking_in.SAME, _("as it is"), ""),
    ]  # fmt: skip


def _page(request: HttpRequest, title: str, page: str, *, status: int = 200, **context: Any) -> HttpResponse:
    bounds = {"max_rows": files.MAX_ROWS, "max_bytes": files.MAX_BYTES, "max_kib": files.MAX_BYTES // 1024}
    whole = {**admin.site.each_context(request), "title": title, **bounds, **context}
    return TemplateResponse(request, f"admin/sentinel_site/transfer/{page}", whole, status=status, headers={"Cache-Control": "no-store"})


def _sort(request: HttpRequest, name: str, verb: str) -> Sort:
    sort = SORTS.get(name)
    if sort is None:
        raise Http404
    if not sort.may(caller(request), verb):
        raise PermissionDenied
    return sort
