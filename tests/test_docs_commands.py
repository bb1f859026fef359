"""Every command that the README and the manual show is run, or checked against what would take it, or left out for a reason."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import CommandParser
from django.urls import Resolver404, resolve

from alerts.models import Alert
from backups import pings
from backups.models import ExpectedBackupJob
from bench.__main__ import BENCHES
from devices.models import Device
from sentinel_site import bootstrap
from sentinel_site.models import ApiKey
from tests.factories import make_source
from tests.jobs.rows import make_job
from tests.shown import NAMED, PAGES, ROOT, SOME_ID, Shown, all_shown, blocks, filled, scripts

SHOWN = all_shown()
RUN = {
    "curl": "to the real web server, below (the tutorial's: tests/journeys/test_newcomer.py)",
    "jq": "with the curl whose answer it reads",
    "amtool": "below, where it is installed",
}
LEFT_OUT = {
    **dict.fromkeys(("cut", "grep", "sort", "uniq"), "reads what a command printed"),
    **dict.fromkeys(("cp", "install", "mkdir"), "the reader's disk; the files of the project that are taken are there"),
    **dict.fromkeys(("systemctl", "journalctl", "systemd-run"), "needs systemd; the words behind manage.py are checked"),
    **dict.fromkeys(("restic", "runitor", "/usr/local/bin/backup"), "somebody's program"),
    "useradd": "needs root",
    "git": "needs a newer version",
    "docker": "needs its service; the files and containers it takes are there",
    ".venv/bin/pip": "downloads",
    "wget": "tests/backups/test_ping_clients.py pings with it",
    "python3": "tests/alerts/test_story.py runs the one, the other makes a virtual environment",
    "cd": "the reader's folder",
    "ls": "looks only",
    "exit": "the end of a script",
    "alias": "the reader's shell; what it stands for can be started",
    "export": "settings, whose names tests/test_docs.py knows",
}
PREFIXES = (".venv/bin/python", "/opt/sentinel/.venv/bin/python", "python")
SITE = re.compile(r"https?://([^\s/@`]+@)?(?:sentinel\.example\.org|localhost:8000)")
ADDRESS = re.compile(SITE.pattern.replace("([", "(?:[") + r"(/[^\s`\"');,…]*)")
BEGINNINGS = {
    "/api/v1": "/alerts",
    "/ping": f"/{SOME_ID}",
    "/integrations/alertmanager": "/api/v2/alerts",
    "/integrations/pagerduty": "/v2/enqueue",
}
ENDLESS = ("watch", "-")
WORDS = ("alert", "silence", "oncall", "job", "rollup")
ASKS = re.compile(r"\bcurl |\bamtool .*sentinel\.example")
REPORTS = re.compile(r"/api/v1/alerts|/readings|/pagerduty/|/cloudevents")
PRELUDE = """
curl() { command curl -f -sS -m 60 "$@"; }
restic() { echo "3 files"; }
command -v amtool >/dev/null || amtool() { echo "not on this machine"; }
"""


def known(shown: Shown) -> bool:
    """Whether a command is in one of the classes."""
    return bool(shown.django) or shown.program in {"make", *RUN, *LEFT_OUT}


def parser_of(name: str) -> CommandParser:
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    parser = command.create_parser("manage.py", name)
    for each in (parser, *(inner for action in parser._actions if action.dest == "word" for inner in action.choices.values())):
        each.allow_abbrev = False
    return parser


def trouble(shown: Shown) -> str:
    """What the command's own parser says against it. Within a sentence, what is required may be missing."""
    name, *words = [word for word in shown.django if word != "--help"]
    try:
        parser_of(name).parse_args([word for word in words if word != "…"])
    except (CommandError, KeyError) as error:
        return "" if "are required" in str(error) and (not shown.copied or "--help" in shown.django) else f"{shown}: {error!r}"
    return ""


def test_every_command_is_run_or_checked_or_left_out_for_a_reason():
    assert len(SHOWN) > 100
    assert [str(each) for each in SHOWN if not known(each)] == [], "run or check it here, or say in LEFT_OUT why not"


def test_whatever_is_left_out_is_still_shown():
    assert LEFT_OUT.keys() - {each.program for each in SHOWN} == set()


def test_every_block_with_commands_says_that_it_is_one():
    others = [block for page in PAGES for block in blocks(page) if block.language in ("", "text")]

    assert [(block.page, line) for block in others for line in block.text.splitlines() if NAMED.match(line)] == [], "make it a block of sh"


def test_every_command_of_sentinel_takes_the_options_that_are_shown():
    assert [said for each in SHOWN if each.django and (said := trouble(each))] == []


def test_what_is_copied_out_of_a_block_can_be_started():
    asked = [each for each in SHOWN if each.copied and any(word.endswith("manage.py") for word in each.words)]
    alias = [each for each in asked if each.program == "alias"]
    started = [each for each in asked if each not in alias]

    assert [str(each) for each in started if each.words[_place(each) - 1] not in PREFIXES or not _place(each)] == []
    assert [str(each) for each in started if "python" in each.words and each.program != "docker"] == [], "the virtual environment's"


def _place(shown: Shown) -> int:
    return next(number for number, word in enumerate(shown.words) if word.endswith("manage.py"))


def test_every_target_and_argument_of_make_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))

    for shown in [each for each in SHOWN if each.program == "make"]:
        target, *given = shown.words[1:]
        arguments = [word for each in given for word in shlex.split(each.removeprefix("ARGS="))]
        assert target in targets, shown
        if target == "bench":
            assert set(arguments) <= {"--quick", *BENCHES}, shown
        else:
            assert not arguments or parser_of({"run": "up"}[target]).parse_args(arguments), shown


def test_every_file_of_the_project_that_a_command_takes_is_there():
    files = {word for each in SHOWN for word in each.words if re.match(r"deploy/|docs/|requirements", word)}

    assert len(files) >= 5
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_every_container_that_is_named_is_composed():
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    named = {each.words[each.words.index("exec") + 1] for each in SHOWN if each.program == "docker" and "exec" in each.words}

    assert named
    assert named <= services.keys()


def test_every_address_of_sentinel_leads_somewhere():
    written = {(page, address) for page, text in PAGES.items() for address in ADDRESS.findall(yours(text))}

    assert len(written) > 25
    assert [each for each in sorted(written) if not leads_somewhere(each[1] + BEGINNINGS.get(each[1].rstrip("/"), ""))] == []


def leads_somewhere(address: str) -> bool:
    try:
        resolve(re.split(r"[?#]", address)[0])
    except Resolver404:
        return False
    return True


def yours(text: str, ping_key: str = "k" * 32) -> str:
    """As a reader would have filled it in."""
    text = filled(text, ping_key=ping_key, slug="nightly", any="7", service="postmark")
    return text.replace("$JOB", SOME_ID).replace("/wall_…", "/wall_yours")


def rows_of_options() -> Iterator[tuple[str, str, set[str]]]:
    """Each row of docs/cli.md's tables: command, word, and the options that it explains."""
    for row in re.findall(r"^\| `(?:alert|silence|oncall|job) .*", PAGES["docs/cli.md"], re.M):
        name, word = re.findall(r"`(\w+) (\w+)", row)[0]
        yield name, word, set(re.findall(r"--[a-z][a-z-]+", row))


def test_every_option_of_the_tables_is_one_of_its_command():
    rows = [*rows_of_options()]

    assert len(rows) > 12
    for name, word, options in rows:
        (words,) = [action.choices for action in parser_of(name)._actions if action.dest == "word"]
        assert options - words[word]._option_string_actions.keys() == set(), (name, word)


@pytest.mark.django_db
def test_no_command_of_the_manual_is_wrong_usage(admin_user, settings):
    settings.SENTINEL_CLI_USER = admin_user.username
    make_source("generic")
    asked = {each.django for each in SHOWN if each.django[1:] and each.django[0] in WORDS and "--help" not in each.django}

    for words in sorted(asked):
        if not set(words) & set(ENDLESS):
            asks = words[:2] == ("silence", "add")  # and nobody is there to say yes
            assert _code(*words, *["--yes"] * asks) != 2, words


def _code(*words: str) -> int:
    try:
        call_command(*words)
    except CommandError as error:
        return error.returncode
    return 0


@pytest.fixture
def installed(web):
    """A fresh installation on the real web server, with what the manual's commands take for granted."""
    bootstrap.run()
    make_source("probe")
    make_job("erp-import", kind="external")
    Device.objects.create(slug="cellar", name="Cellar", driver="push")
    ExpectedBackupJob.objects.create(
        id=SOME_ID, ping_id=SOME_ID, database_name="nightly", slug="nightly", period_seconds=3600, reported_by="ping"
    )
    return web


def key_of(group: str) -> str:
    """A key for a new user in ``group``."""
    user = User.objects.create_user(group.lower())
    user.groups.add(Group.objects.get(name=group))
    return ApiKey.issue(user=user, name="manual")[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
@pytest.mark.django_db(transaction=True)
def test_every_curl_of_the_manual_does_what_is_asked(installed, tmp_path):
    keys, ping_key = {group: key_of(group) for group in ("Ingest", "Operator")}, pings.issue_key("manual")[1]

    for page in sorted(PAGES.keys() - {"docs/tutorial.md"}):
        asked = [script for script in of_page(page) if ASKS.search(script)]
        known = [(yours(script, ping_key), keys["Ingest" if REPORTS.search(script) else "Operator"]) for script in asked]
        script = PRELUDE + "".join(here(text, installed.url, key, f"{tmp_path}/") for text, key in known)
        done = subprocess.run(["sh", "-e"], input=script, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (page, script, done.stdout, done.stderr)
    assert Alert.objects.filter(title="Water in the cellar").exists()
    assert {*ExpectedBackupJob.objects.get(pk=SOME_ID).pings.values_list("kind", flat=True)} >= {"start", "success"}


def of_page(page: str) -> list[str]:
    """What a reader runs of it: its blocks, and what its sentences ask of Sentinel by amtool."""
    return [script for block in blocks(page) for script in scripts(block)] + [
        shlex.join(each.words) for each in SHOWN if each.page == page and each.program == "amtool" and not each.copied
    ]


def here(script: str, url: str, key: str, folder: str) -> str:
    """The manual's script, on this machine."""
    script = SITE.sub(lambda found: url.replace("://", f"://{found[1] or ''}"), script)
    for written, meant in {"/tmp/": folder, "/usr/local/bin/backup": "true", "exit $code": "test $code = 0"}.items():
        script = script.replace(written, meant)
    return f"KEY={key}\n{script.replace('snt_…', key).replace('snt_...', key)}\n"
