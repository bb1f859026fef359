"""The page of the first steps, `/admin/first-steps/`. What it says comes from the tables; it may be left and taken up again at any time."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from notifications import proofs
from notifications.enums import PROVED, DeliveryStatus, Transport
from notifications.models import ContactMethod, Delivery
from sentinel_site import doctor, first_steps
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import Problem

SEND = "notifications.change_contactmethod"
SOURCE_IDS = "source_%s"
"""Two forms of the page ask for a name."""


class FirstPersonForm(forms.Form):
    """Somebody who should be told."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
    )  # fmt: skip
    address = forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=254, widget=UnfoldAdminTextInputWidget(attrs={"type": "email"})
    )  # fmt: skip
    language = forms.ChoiceField(
        label=gettext_lazy("Reads"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE, widget=UnfoldAdminSelectWidget
    )  # fmt: skip
    on_call = forms.BooleanField(label=gettext_lazy("Is told first of every alert (group “On call”)"), required=False, initial=True)


class FirstSourceForm(forms.Form):
    """Something that will report."""

    name = forms.CharField(
        label=gettext_lazy("What will report?"), max_length=60, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("A device, a program or a place, for example: Cellar probe"),
    )  # fmt: skip


class FirstMethodForm(forms.Form):
    """The address that the test message goes to."""

    method = forms.ModelChoiceField(ContactMethod.objects.filter(kind=Transport.EMAIL).select_related("recipient", "group"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The page, and what its forms ask for. Raises PermissionDenied for who may take none of the steps."""
    if not first_steps.may_begin(caller(request)):
        raise PermissionDenied
    if request.method == "POST":
        return DEEDS.get(request.POST.get("do", ""), _again)(request)
    return _shown(request)


@never_cache
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """What may have changed since the page was made: the fate of the messages, and the first alert."""
    if not first_steps.may_begin(caller(request)):
        raise PermissionDenied
    return TemplateResponse(request, "admin/first_steps_live.html", _context(request) | {"changed": True})


def _shown(request: HttpRequest, **more: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": _("First steps"), **_context(request), **more}
    context.setdefault("person_form", FirstPersonForm())
    context.setdefault("source_form", FirstSourceForm(auto_id=SOURCE_IDS))
    return TemplateResponse(request, "admin/first_steps.html", context)


def _context(request: HttpRequest) -> dict[str, Any]:
    user, found = caller(request), first_steps.progress(at=timezone.now())
    return {
        "found": found, "steps": found.steps, "fate": _fate(found.delivery), "told": [(each, _fate(each)) for each in found.told],
        "may": {
            "people": user.has_perms(first_steps.ADDS_PEOPLE) and user.has_perm("notifications.view_recipient"),
            "send": user.has_perm(SEND), "sources": user.has_perms(first_steps.MAKES_SOURCES),
            "alerts": user.has_perm("alerts.view_alert"), "group": user.has_perm("notifications.change_recipientgroup"),
        },
        "to_files": doctor.mail_is_written_to_files(), "folder": settings.EMAIL_FILE_PATH, "base_url": settings.SENTINEL_BASE_URL,
    }  # fmt: skip


def _fate(delivery: Delivery | None) -> tuple[str, str]:
    """What became of a message, for people, and its colour. Nothing is called arrived that no receipt proves."""
    if delivery is None:
        return "", "calm"
    status = DeliveryStatus(delivery.status)
    if status in PROVED:
        return _("It arrived: a receipt proves it."), "success"
    if status == DeliveryStatus.SENT:
        if delivery.transport == Transport.EMAIL and doctor.mail_is_written_to_files():
            return _("It was written to the mail folder: no mail server is set up yet."), "info"
        return _("The mail server took it. Whether it arrived shows when the link in it is opened and confirmed."), "info"
    if status == DeliveryStatus.DEAD:
        return _("It could not be sent: %(error)s") % {"error": delivery.error}, "danger"
    if status == DeliveryStatus.FAILED:
        return _("It could not be sent yet, and is tried again: %(error)s") % {"error": delivery.error}, "warning"
    if status == DeliveryStatus.CANCELLED:
        return _("It was taken back."), "calm"
    return _("It is on its way."), "info"


def _person(request: HttpRequest) -> HttpResponse:
    _require(request, *first_steps.ADDS_PEOPLE)
    form = FirstPersonForm(request.POST)
    if form.is_valid():
        try:
            method = first_steps.add_person(form.cleaned_data, by=caller(request), at=timezone.now())
        except Problem as problem:
            _blame(form, problem)
        else:
            said = _("%(name)s was added.") if method.verified else _("%(name)s was added. A code is on its way to the address.")
            messages.success(request, said % {"name": method.recipient})
            return _again(request)
    return _shown(request, person_form=form)


def _test(request: HttpRequest) -> HttpResponse:
    _require(request, SEND)
    chosen = FirstMethodForm(request.POST)
    if chosen.is_valid():
        try:
            proofs.ask(chosen.cleaned_data["method"], at=timezone.now())
        except Problem as problem:
            messages.error(request, str(problem))
    return _again(request)


def _source(request: HttpRequest) -> HttpResponse:
    """Not by way of a redirect: the key is in this one answer, and nowhere else."""
    _require(request, *first_steps.MAKES_SOURCES)
    form = FirstSourceForm(request.POST, auto_id=SOURCE_IDS)
    if form.is_valid():
        try:
            source, key, text = first_steps.add_source(form.cleaned_data["name"], by=caller(request))
        except Problem as problem:
            _blame(form, problem)
        else:
            return _shown(request, issued=text, issued_key=key, issued_source=source)
    return _shown(request, source_form=form)


def _key(request: HttpRequest) -> HttpResponse:
    _require(request, *first_steps.MAKES_SOURCES)
    at = timezone.now()
    source = first_steps.progress(at=at).source
    if source is None:
        return _again(request)
    try:
        key, text = first_steps.new_key(source, by=caller(request), at=at)
    except Problem as problem:
        messages.error(request, str(problem))
        return _again(request)
    return _shown(request, issued=text, issued_key=key, issued_source=source)


def _dismiss(request: HttpRequest) -> HttpResponse:
    first_steps.dismiss(caller(request), at=timezone.now())
    return HttpResponseRedirect(reverse("admin:index"))


def _again(_request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("first-steps"))


def _require(request: HttpRequest, *permissions: str) -> None:
    if not caller(request).has_perms(permissions):
        raise PermissionDenied


def _blame(form: forms.Form, problem: Problem) -> None:
    """Put what is wrong beside the field that it is about."""
    for where, text in problem.errors or [((), str(problem))]:
        name = str(where[-1]) if where else ""
        form.add_error(name if name in form.fields else None, text[:1].upper() + text[1:])


DEEDS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "person": _person, "test": _test, "source": _source, "key": _key, "dismiss": _dismiss,
}  # fmt: skip
