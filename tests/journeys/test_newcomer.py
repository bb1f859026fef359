"""The tutorial, and from the picture of a fall to the end of the alert, through the front door: REST, mail, and the link in the mail."""

import json
import re
import shutil

import pytest
import requests

from sentinel_site import demo, env
from tests.faults.house import until
from tests.pictures import jpeg

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROBIN = "robin.vale@example.org"
COMMANDS = re.findall(r"^```sh\n(.*?)^```", (env.BASE_DIR / "docs" / "tutorial.md").read_text(), re.M | re.S)


@pytest.fixture(scope="module")
def hall(sentinel):
    """A camera in the hall whose alerts are told to Robin at once, after 2 s and after 16 s."""
    spec = {"people": ["Robin Vale"], "delays": [0, 2, 16], "fields": {"life_safety": True, "severity": "critical", "kind": "camera"}}
    sentinel.seed(people={"Robin Vale": [ROBIN]}, sources={"hall": spec})
    return sentinel


def detect(house, camera, picture):
    """Post a picture of a fall as a camera does; the answer."""
    form = {"source": "hall", "camera": camera, "kind": "fall", "confidence": "0.93"}
    files = {"image": ("fall.jpg", picture, "image/jpeg")} if picture else None
    return house.http.post(house.url("/api/v1/detections"), data=form, files=files, timeout=30)


def mails_about(mailbox, alert, to=ROBIN):
    return [mail for mail in mailbox.to(to) if alert["subject"] in mail.get_body(("plain",)).get_content()]


def link_in(mail):
    return re.search(r"http://\S+/a/[\w-]+", mail.get_body(("plain",)).get_content())[0]


def status_of(house, alert):
    return house.api(f"/alerts/{alert['id']}")["status"]


def test_a_fall_is_told_answered_by_the_link_and_closed(hall, mailbox):
    answer = detect(hall, "cam-12", jpeg())
    alert = answer.json()
    first, reminder = until(lambda: mails_about(mailbox, alert)[1:] and mails_about(mailbox, alert), 60, "the reminder")

    page = requests.get(link_in(first), timeout=30)

    assert (answer.status_code, alert["priority"], alert["life_safety"], page.status_code) == (201, "P1", True, 200)
    assert link_in(reminder) != link_in(first)
    assert status_of(hall, alert) == "PENDING"

    posted = requests.post(link_in(first), data={"answer": f"on_my_way:{alert['id']}"}, timeout=30)

    taken = hall.api(f"/alerts/{alert['id']}")
    assert posted.status_code == 200
    assert (taken["status"], taken["acknowledged_by"], taken["next_step_at"]) == ("ACKNOWLEDGED", "Robin Vale", None)

    ends_with_a_last_mail(hall, mailbox, alert)


def ends_with_a_last_mail(house, mailbox, alert):
    """Nothing more was sent while another alert took all its steps; closing it is told."""
    other = detect(house, "cam-13", None).json()
    until(lambda: len(mails_about(mailbox, other)) == 3, 60, "all steps of the alert that nobody answered")
    assert len(mails_about(mailbox, alert)) == 2

    house.api(f"/alerts/{alert['id']}/resolve", {"resolution": "help_sent"})

    until(lambda: len(mails_about(mailbox, alert)) == 3, 60, "the mail that says it is over")
    assert status_of(house, alert) == "RESOLVED"


def test_the_picture_is_shown_to_who_may_see_it_and_to_no_other(hall):
    alert = detect(hall, "cam-14", jpeg()).json()

    mine = hall.http.get(alert["image_url"], timeout=30)
    strangers = requests.get(alert["image_url"], timeout=30)

    assert (mine.status_code, mine.headers["Content-Type"]) == (200, "image/jpeg")
    assert strangers.status_code == 404


def test_the_record_says_everything_that_happened(hall, mailbox):
    alert = detect(hall, "cam-15", None).json()
    until(lambda: mails_about(mailbox, alert), 60, "the first mail")

    hall.api(f"/alerts/{alert['id']}/acknowledge", {"promise": "calling"})
    hall.api(f"/alerts/{alert['id']}/resolve", {"resolution": "false_alarm"})

    kinds = [entry["kind"] for entry in hall.api(f"/alerts/{alert['id']}/log")["items"]]
    assert kinds[:2] == ["raised", "step"]
    assert kinds.count("status") == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_every_command_of_the_tutorial_does_what_it_says(hall, mailbox, terminal):
    start, fall, look, key, report, over, doctor = COMMANDS

    assert "manage.py up --demo" in terminal.run(start.replace("make", "make --dry-run"))
    assert "/api/v1/detections" in terminal.run(".venv/bin/python manage.py demo")  # what --demo does besides
    seen = json.loads(terminal.run(fall))
    assert (seen["title"], seen["priority"]) == ("Fall seen by cam-12", "P1")
    until(lambda: mails_about(mailbox, seen, to=demo.ADDRESS), 60, "the mail about the fall")
    assert ".eml" in terminal.run(look)

    terminal.run(key)
    once, again = json.loads(terminal.run(report)), json.loads(terminal.run(report))
    assert (again["id"], again["occurrences"], status_of(hall, again)) == (once["id"], 2, "PENDING")
    assert json.loads(terminal.run(over))["status"] == "RESOLVED"
    assert "mail" in terminal.run(f"{doctor.strip()} || test $? = 1")
