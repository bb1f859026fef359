"""Trying out the text of a message in a real browser: the preview stands in a box, and nothing in it runs."""

from django.contrib.auth.models import Permission
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_source, raise_alert

ADD = "/admin/notifications/messagetemplate/add/"
XSS = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def staff(user):
    user.is_staff = True
    user.save()
    user.user_permissions.add(*Permission.objects.filter(codename__in=["add_messagetemplate", "view_messagetemplate"]))


def test_a_text_is_shown_with_a_real_alert_before_it_is_saved(open_page, responder):
    staff(responder)
    make_source()
    alert = raise_alert(at=timezone.now(), title=f"Fall {XSS}")
    page = open_page(f"{ADD}?form=html&language=en")
    page.locator("#id_text").fill('<h1>{{ title }}</h1><p><a href="{{ answer_url }}">Answer</a></p>')

    page.locator("#sample").select_option(str(alert.pk))
    page.get_by_role("button", name="Show").click()

    mail = page.frame_locator('iframe[name="message-preview"]').frame_locator('iframe[title="Mail"]')
    expect(mail.get_by_role("heading")).to_have_text(f"Fall {XSS}")
    expect(mail.get_by_text("lives may depend on it")).to_have_count(0)
    assert page.url.endswith(f"{ADD}?form=html&language=en")
    assert [said for said in page.complaints if "dialog" in said or "frame" in said.lower()] == []
