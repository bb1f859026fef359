"""Texts of messages: written, tried out and taken back in the admin."""

from typing import Any, ClassVar

from csp.constants import NONE, SELF
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from notifications import builtin, overrides, previews
from notifications.admin.proving import moment
from notifications.enums import Form, Reason
from notifications.facts import VARIABLES
from notifications.models import MessageTemplate
from notifications.sandbox import FILTERS, TAGS, TemplateError
from sentinel_site.lib.field_checks import FieldCheck, FieldChecksMixin

REASONS = [("", _("Every message about an alert")), *((value, label) for value, label in Reason.choices if value not in overrides.NEVER)]


class MessageTemplateForm(forms.ModelForm):
    """A text, tried out before it is saved."""

    reason = forms.ChoiceField(
        choices=REASONS, required=False, label=_("Sent as"), widget=UnfoldAdminSelectWidget,
        help_text=_("On which occasion it is sent. The first choice: on every one about an alert."),
    )  # fmt: skip

    class Meta:
        model = MessageTemplate
        fields = ("form", "language", "reason", "source", "type", "text", "active")
        widgets: ClassVar = {"text": UnfoldAdminTextareaWidget(attrs={"rows": 14, "spellcheck": "false", "class": "font-mono"})}

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be used, saying where and why."""
        data = super().clean() or {}
        if data.get("form") and data.get("text"):
            try:
                previews.require_working(data["form"], data["text"], reason=data.get("reason", ""), at=timezone.now())
            except TemplateError as error:
                self.add_error("text", str(error))
        return data


@admin.register(MessageTemplate)
class MessageTemplateAdmin(FieldChecksMixin, ModelAdmin):
    """Texts in place of the built-in ones."""

    form = MessageTemplateForm
    field_checks: ClassVar = {"text": FieldCheck(("form", "reason"))}
    list_display = ("what", "language", "sent_as", "source", "type", "active", "works", "author", "changed_at")
    list_filter = (("form", ChoicesDropdownFilter), ("active", BooleanRadioFilter))
    list_filter_submit = True
    list_select_related = ("author",)
    search_fields = ("text", "source", "type")
    search_help_text = _("Text, source or type")
    fieldsets = (
        (_("Which messages"), {"fields": (("form", "language"), ("reason",), ("source", "type"))}),
        (_("Text"), {"fields": ("text", "active", "works", "changed")}),
    )
    readonly_fields = ("works", "changed")
    change_form_after_template = "admin/notifications/messagetemplate/preview.html"
    actions_detail: ClassVar = ["use_built_in"]

    def get_urls(self) -> list[URLPattern]:
        """With the preview."""
        return [
            path("preview/", self.admin_site.admin_view(self.preview), name="notifications_messagetemplate_preview"),
            *super().get_urls(),
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start from a built-in text when one is named."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        form, language, reason = initial.get("form"), initial.get("language"), initial.get("reason", "")
        if form in Form.values and language in dict(settings.LANGUAGES) and (reason or Reason.FIRST) in Reason.values:
            initial["text"] = builtin.source(form, language=language, reason=reason or Reason.FIRST)
        return initial

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With what can be used, and the preview in a frame."""
        context = {
            "variables": {name: gettext(text) for name, text in VARIABLES.items()},
            "tags": ", ".join(TAGS), "filters": ", ".join(FILTERS), "samples": previews.samples(request.user),
            "starts": [(Form(form).label, form) for form in Form.values], "languages": settings.LANGUAGES, "is_new": object_id is None,
        }  # fmt: skip
        response: HttpResponse = super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})
        response._csp_replace = {"frame-src": [SELF]}  # type: ignore[attr-defined]
        return response

    def save_model(self, request: HttpRequest, obj: MessageTemplate, form: Any, change: bool) -> None:
        """Save, with the author; a new text has not failed yet."""
        obj.author, obj.failed_at, obj.failed_because = request.user, None, ""  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
        overrides.forget()
        messages.info(
            request,
            _("In use within %(seconds)d seconds.") % {"seconds": overrides.KEEP_SECONDS}
            if obj.active
            else _("The built-in text is used."),
        )

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the typed text would look like, with the alert that was chosen. Sends and stores nothing."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        response = TemplateResponse(request, "admin/notifications/messagetemplate/shown.html", _preview(request))
        response["X-Frame-Options"] = "SAMEORIGIN"
        response._csp_replace = {"frame-ancestors": [SELF], "script-src": [NONE], "form-action": [NONE]}  # type: ignore[attr-defined]
        return response

    @action(
        description=_("Use the built-in text again"), permissions=["change"], icon="undo", variant=ActionVariant.DEFAULT,
        dialog={"title": _("Use the built-in text again"), "description": _("This text is kept and switched off."),
                "form_class": BaseDialogForm, "form_submit_text": _("Switch it off")},
    )  # fmt: skip
    def use_built_in(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Switch the text off."""
        template = self.get_object(request, object_id)
        if template is None or not self.has_change_permission(request, template):
            raise PermissionDenied
        template.active = False
        template.save(update_fields=["active", "changed_at"])
        overrides.forget()
        messages.success(request, _("The built-in text is used again."))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:notifications_messagetemplate_change", args=[template.pk])})

    @display(description=_("Text of"), ordering="form")
    def what(self, template: MessageTemplate) -> str:
        """The form."""
        return template.get_form_display()

    @display(description=_("Sent as"), ordering="reason")
    def sent_as(self, template: MessageTemplate) -> str:
        """The reason."""
        return str(dict(REASONS).get(template.reason, template.reason))

    @display(description=_("Works"))
    def works(self, template: MessageTemplate) -> str:
        """Whether it could be used."""
        if template.failed_at:
            return gettext("failed at %(at)s because %(why)s; the built-in text was sent") % {
                "at": moment(template.failed_at),
                "why": template.failed_because,
            }
        return gettext("yes") if template.pk else "–"

    @display(description=_("Changed"))
    def changed(self, template: MessageTemplate) -> str:
        """By whom and when."""
        facts = {"at": moment(template.changed_at), "who": template.author or gettext("nobody known")} if template.pk else {}
        return gettext("%(at)s by %(who)s") % facts if facts else "–"


def _preview(request: HttpRequest) -> dict[str, Any]:
    """What shown.html needs: previews, or the reason why there are none."""
    said = request.POST
    form, reason, language = said.get("form", ""), said.get("reason", ""), said.get("language", "")
    if form not in Form.values or reason not in dict(REASONS) or language not in ("", *dict(settings.LANGUAGES)):
        return {"refused": gettext("Choose first which text it is.")}
    sample = next((each for each in previews.samples(request.user) if each.key == said.get("sample", "")), previews.MADE_UP)
    try:
        shown = previews.show(form, said.get("text", ""), sample, reason=reason, language=language, at=timezone.now())
    except TemplateError as error:
        return {"refused": str(error)}
    return {"previews": shown, "sample": sample, "is_html": form == Form.HTML}
