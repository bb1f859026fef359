"""The sample alert with a whole story: what the page, the PDF and the file show first."""

import pytest
from django.utils import timezone

from alerts import story, story_file, story_pdf
from alerts.models import Alert
from alerts.story_file import Made
from sentinel_site import bootstrap, demo, demo_devices, demo_people, demo_story

KINDS = {"samples", "onset", "report", "raised", "step", "message", "receipt", "status", "comment", "clear", "feedback"}


@pytest.fixture
def told(db):
    bootstrap.run()
    at = timezone.now()
    demo_people.run(at=at)
    demo_devices._workshop(at)
    return demo_story.run(at=at, device=demo_devices.WORKSHOP, person=demo.RECIPIENT), at


def test_it_has_everything_that_a_story_has_and_is_made_once(told):
    alert, at = told

    found = story.read(alert.pk, may=lambda _: True, at=at)

    assert KINDS - {entry.kind for entry in found.entries} == set()
    assert [len(chart.gaps) > 0 for chart in found.charts] == [True]
    assert found.left_out == []
    assert demo_story.run(at=at, device=demo_devices.WORKSHOP, person=demo.RECIPIENT) is None


def test_it_can_be_printed(told):
    alert, at = told
    found, made = story.read(alert.pk, may=lambda _: True, at=at), Made(at, "Robin Vale")

    pdf = story_pdf.make(found, made, story_file.document(found, made), picture=None)

    assert pdf.startswith(b"%PDF-")
    assert Alert.objects.get(pk=alert.pk).resolution == "recovered"
