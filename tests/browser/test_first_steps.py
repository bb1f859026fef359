"""From an empty installation to a message that was written and an alert that was told, by the page of the first steps alone."""

import email
import subprocess
from email import policy
from pathlib import Path

from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from playwright.sync_api import expect

from alerts import escalation
from notifications import delivery
from notifications.models import RecipientGroup
from sentinel_site import mail
from tests.factories import make_policy, make_source

PAGE = "/admin/first-steps/"


def bring_out():
    """What the watchdog and the worker do: take due steps, and send what waits."""
    escalation.advance_due(at=timezone.now())
    delivery.deliver_due(at=timezone.now(), budget_seconds=60)


def mails(folder):
    return [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(Path(folder).glob("*.eml"))]


def as_administrator(responder):
    responder.is_staff = responder.is_superuser = True
    responder.save()
    Group.objects.create(name="Ingest").permissions.set(Permission.objects.filter(codename="report_alert"))
    RecipientGroup.objects.create(slug="oncall", name="On call")
    make_source(policy=make_policy())


def test_the_first_steps_end_with_a_message_and_an_alert(open_page, page_quiet, responder, settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = mail.FILES, tmp_path
    as_administrator(responder)
    page = open_page(PAGE, viewport={"width": 380, "height": 800})

    page.get_by_label("Name").fill("Robin Vale")
    page.get_by_label("E-mail address").fill("robin@example.org")
    page.get_by_role("button", name="Add this person").click()
    page.get_by_role("button", name="Send a test message").click()
    expect(page.locator("#fate")).to_contain_text("It is on its way.")
    bring_out()
    expect(page.locator("#fate")).to_contain_text("It was written to the mail folder")
    expect(page.locator("#mark-2").get_by_label("done")).to_be_visible()

    page.get_by_label("What will report?").fill("Cellar probe")
    page.get_by_role("button", name="Make the source and its key").click()
    command = page.locator("#command").inner_text()
    subprocess.run(["sh", "-ec", command], check=True, capture_output=True, timeout=120)
    expect(page.locator("#arrival").get_by_role("link")).to_contain_text("Hello from my first source")
    bring_out()

    expect(page.locator("#arrival")).to_contain_text("Robin Vale E-mail")
    assert ([each["To"] for each in mails(tmp_path)], "Bearer snt_" in command) == (["robin@example.org"] * 2, True)
    page_quiet(page)
