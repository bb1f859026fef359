"""The command palette: what it finds, for whom, and in which language."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

from alerts.models import Alert
from sentinel_site import palette
from tests.factories import make_recipient, make_source, raise_alert
from tests.site.test_admin import sign_in, staff

pytestmark = pytest.mark.django_db
TEST = "/admin/raise-test-alert/"


@pytest.fixture
def ask(rf):
    def asked(term, *codenames, root=False):
        request = rf.get("/admin/search/")
        request.user = User.objects.create_superuser("root") if root else staff(*codenames)
        return [found.title for found in palette.find(request, term)]

    return asked


def test_alerts_and_people_are_found_by_the_beginnings_of_words(ask):
    make_source()
    make_recipient("Fallon Reed")
    raise_alert(at=timezone.now(), title="Fall in room 12")

    found = ask("fall", root=True)

    assert [each.partition(" ")[2] or each for each in found] == ["Fall in room 12", "Reed"]


def test_an_alert_is_found_by_its_number(ask):
    make_source()
    alert = raise_alert(at=timezone.now(), title="Fall in room 12")

    assert ask(f"#{alert.number}", "view_alert") == [str(alert)]


def test_text_that_the_database_cannot_take_finds_what_is_left_of_it(ask):
    make_recipient("Robin Vale")

    assert ask("rob\x00", "view_recipient") == ["Robin Vale"]


@pytest.mark.parametrize("term", ["robin", "val", "Robin V", "room"])
def test_names_stay_hidden_from_who_may_not_see_them(ask, term):
    make_source("robin", name="Robin Vale")
    make_recipient("Robin Vale")
    raise_alert(at=timezone.now(), title="Robin Vale fell in room 12", source="robin")

    assert ask(term) == []


@pytest.mark.parametrize(("language", "term", "title"), [("en", "sil", "Silence…"), ("fr", "mett", "Mettre en silence…")])
def test_commands_are_found_in_the_users_language_and_in_english(ask, language, term, title):
    with translation.override(language):
        found = ask(term, "add_silence")

    assert found[0] == title


def test_no_more_are_found_than_can_be_read(ask):
    for number in range(30):
        make_recipient(f"Alex {number}", email=f"alex{number}@example.org")

    assert 0 < len(ask("a", root=True)) <= palette.MOST


@pytest.mark.parametrize("term", ["", " ", "%", "_", "'\\", "x" * 5000, "a " * 3000, "\u0000", "é" * 90])
def test_whatever_is_typed_is_answered(term):
    make_recipient("Robin Vale")

    assert sign_in(User.objects.create_superuser("root")).get("/admin/search/", {"s": term, "extended": "1"}).status_code == 200


def test_a_test_alert_asks_before_it_calls_anybody():
    make_source()
    make_recipient(groups=["oncall"])
    client = sign_in(staff("report_alert", "view_alert"))
    said = {"source": "probe", "severity": "high"}

    asked = client.post(TEST, said).content.decode()
    before = Alert.objects.count()
    done = client.post(TEST, said | {"sure": "yes"})

    alert = Alert.objects.get()
    assert ("Robin Vale" in asked, before, alert.type, alert.severity) == (True, 0, "test", "high")
    assert done.headers["Location"] == f"/live/alerts/{alert.pk}"


def test_a_test_alert_is_for_who_may_report(ask):
    assert sign_in(staff("view_alert")).post(TEST, {"sure": "yes"}).status_code == 403
