"""Texts of messages in the admin: written, tried out without being sent, and taken back."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from notifications.enums import Form
from notifications.models import Delivery, MessageTemplate, Notification
from tests.factories import make_source, raise_alert
from tests.notifications.test_rendering import wording

ADD = "/admin/notifications/messagetemplate/add/"
PREVIEW = "/admin/notifications/messagetemplate/preview/"
EDIT = ["add_messagetemplate", "change_messagetemplate", "view_messagetemplate"]


def sign_in(*permissions) -> Client:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def editor(db) -> Client:
    return sign_in(*EDIT, "view_alert")


@pytest.fixture
def alert(db):
    make_source("smarteye")
    return raise_alert(at=timezone.now(), source="smarteye", title="Fall in <b>room</b> 7", type="fall")


def fields(text, **changed) -> dict[str, str]:
    return {"form": "sms", "language": "", "reason": "", "source": "", "type": "", "text": text, "active": "on", **changed}


def test_a_text_is_saved_with_its_author_and_used(editor):
    editor.post(ADD, fields("Look: {{ title }}"))

    template = MessageTemplate.objects.get()
    assert (template.author.username, wording().sms) == ("staff", "Look: Fall in room 12")


@pytest.mark.parametrize(("text", "why"), [
    ("{{ ''.__class__ }}", "Line 1: Could not parse the remainder"), ("one\n{% include '/etc/passwd' %}", "Line 2: The tag “include”"),
    ("{{ titel }}", "There is no value “titel”. Use one of: "), ("{% if where == 'nowhere' %}x{% endif %}", "nothing comes out"),
    ("x" * 2001, "has 2001 characters; 2000 are allowed"),
])  # fmt: skip
def test_what_cannot_work_is_not_saved_and_it_says_why(editor, text, why):
    page = editor.post(ADD, fields(text)).content.decode()

    assert why in page
    assert not MessageTemplate.objects.exists()


@pytest.mark.parametrize("text", [
    "<script>x</script>", "<p onclick='x'>", "<a href='javascript:x'>", "<a title={{ title }}>x</a>", "<a href='{{ title }}'>x</a>",
    '<a href="{{ alert.labels.url }}">x</a>', "<iframe src='https://example.org'>",
])  # fmt: skip
def test_html_that_could_do_more_than_show_is_not_saved(editor, text):
    editor.post(ADD, fields(text, form="html"))

    assert not MessageTemplate.objects.exists()


def test_two_texts_for_the_same_messages_are_refused(editor):
    editor.post(ADD, fields("one"))

    assert "There is a text for exactly these messages already" in editor.post(ADD, fields("two")).content.decode()


def test_a_preview_shows_a_real_alert_in_every_language_and_sends_nothing(editor, alert):
    before = (Delivery.objects.count(), Notification.objects.count())

    reply = editor.post(PREVIEW, fields("<i>{{ title }}</i> {{ lead }}", sample=str(alert.pk)))

    page = reply.content.decode()
    assert "&lt;i&gt;Fall in &lt;b&gt;room&lt;/b&gt; 7&lt;/i&gt;" in page
    assert "Please answer" in page
    assert "Répondez" in page
    assert (Delivery.objects.count(), Notification.objects.count(), MessageTemplate.objects.count()) == (*before, 0)


def test_the_preview_of_a_mail_stands_in_a_box_in_which_nothing_runs(editor, alert):
    reply = editor.post(PREVIEW, fields("<h1>{{ title }}</h1>", form="html", sample=str(alert.pk)))

    assert 'sandbox title="Mail" srcdoc="' in reply.content.decode()
    assert "<h1>" not in reply.content.decode()
    assert (reply["X-Frame-Options"], "script-src 'none'" in reply["Content-Security-Policy"].split("; ")) == ("SAMEORIGIN", True)


def test_the_preview_says_why_there_is_none(editor):
    assert "The tag “load”" in editor.post(PREVIEW, fields("{% load x %}")).content.decode()
    assert "would be sent: nothing comes out" in editor.post(PREVIEW, fields("{% if not title %}x{% endif %}")).content.decode()
    assert "Choose first" in editor.post(PREVIEW, fields("x", form="nothing")).content.decode()


def test_whoever_may_not_see_alerts_sees_none(alert):
    editor = sign_in(*EDIT)

    page = editor.post(PREVIEW, fields("{{ title }}", sample=str(alert.pk))).content.decode()

    assert "Fall in room 12" in page
    assert "room&lt;/b&gt; 7" not in page + editor.get(ADD).content.decode()


def test_a_preview_needs_the_permission_to_see_texts(alert):
    stranger = sign_in("view_alert")

    assert stranger.post(PREVIEW, fields("{{ title }}")).status_code == 403
    assert stranger.get("/admin/notifications/messagetemplate/").status_code == 403
    assert Client().post(PREVIEW, fields("x")).status_code == 302
    assert Client(enforce_csrf_checks=True).post(PREVIEW, fields("x")).status_code in {302, 403}


def test_a_preview_is_not_a_link(editor):
    assert editor.get(PREVIEW).status_code == 405


@pytest.mark.parametrize("form", Form.values)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_built_in_text_is_a_start_that_can_be_saved(editor, form, language):
    text = editor.get(f"{ADD}?form={form}&language={language}").context["adminform"].form.initial["text"]

    editor.post(ADD, fields(text, form=form, language=language))

    assert MessageTemplate.objects.filter(form=form, language=language).exists()


def test_the_built_in_text_is_used_again_by_one_button(editor):
    editor.post(ADD, fields("mine"))
    template = MessageTemplate.objects.get()
    assert wording().sms == "mine"

    editor.post(f"/admin/notifications/messagetemplate/{template.pk}/use_built_in/", {"_form_submitted": "on"})

    template.refresh_from_db()
    assert (template.active, wording().sms[:2]) == (False, "P1")


def test_the_list_says_what_failed_and_saving_takes_it_back(editor):
    template = MessageTemplate.objects.create(form="sms", text="x", failed_at=timezone.now(), failed_because="it does too much")

    page = editor.get("/admin/notifications/messagetemplate/").content.decode()
    editor.post(f"/admin/notifications/messagetemplate/{template.pk}/change/", fields("better"))

    template.refresh_from_db()
    assert "because it does too much" in page
    assert (template.failed_at, template.failed_because) == (None, "")


def test_a_hand_off_can_be_written_anew(editor):
    editor.post(ADD, fields("You have {{ handoff.schedule }}", reason="handoff"))

    assert wording("handoff", alert=None, handoff={"comes": True, "schedule": "Nights"}).sms == "You have Nights"
