"""What is there is documented, and what is documented is there."""

import re
import subprocess
from pathlib import Path

import pytest

from alerts.enums import AlertStatus, Promise, Resolution, Severity, Usefulness, Verdict
from notifications.enums import DeliveryStatus, Reason, Urgency
from notifications.transports import TRANSPORTS
from sentinel_site import bootstrap
from sentinel_site.api import api

ROOT = Path(__file__).parent.parent
DOCS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"]
PAGES = {path.name: path.read_text() for path in DOCS}
EVERYTHING = "\n".join(PAGES.values())
CODE = [path for app in ("sentinel_site", "alerts", "notifications", "devices", "backups", "jobs") for path in (ROOT / app).rglob("*.py")]
READS = re.compile(r"""env\.(?:text|flag|number|words|path|rate|choice|time_zone)\(\s*"([A-Z_]+)\"""")
SETTING = re.compile(r"\b((?:SENTINEL|DATABASE|REDIS|EMAIL|FIREBASE|GEMINI|SLACK)_[A-Z_]*[A-Z])\b")
BLOCKS = [(page, block) for page, text in PAGES.items() for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.M | re.S)]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
WORDS = (AlertStatus, DeliveryStatus, Verdict, Severity, Resolution, Promise, Reason, Urgency, Usefulness)


def settings_read():
    """Every environment variable that the code reads by its name."""
    return {name for path in CODE for name in READS.findall(path.read_text())}


def paths_served():
    return set(api.get_openapi_schema()["paths"])


@pytest.mark.parametrize("name", sorted(settings_read()))
def test_every_setting_is_documented(name):
    assert f"`{name}`" in PAGES["settings.md"]


def test_every_documented_setting_is_read():
    assert set(SETTING.findall(EVERYTHING)) - settings_read() == set()


@pytest.mark.parametrize("path", sorted(paths_served()))
def test_every_path_of_the_api_is_documented(path):
    assert re.search(rf"{re.escape(path)}(?![\w/{{-])", PAGES["api.md"])


def test_every_documented_path_of_the_api_is_served():
    documented = {path.rstrip("/.") for path in re.findall(r"/api/v1/[\w/{}.-]+", EVERYTHING)}

    assert documented - paths_served() - {"/api/v1/docs", "/api/v1/openapi.json"} == set()


def test_no_two_operations_of_the_api_have_one_name():
    names = [operation["operationId"] for methods in api.get_openapi_schema()["paths"].values() for operation in methods.values()]

    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("word", [word for words in WORDS for word in words.values])
def test_every_word_is_explained(word):
    assert f"`{word}`" in PAGES["concepts.md"]


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_every_transport_is_explained(kind):
    assert f"`{kind}`" in PAGES["concepts.md"]


@pytest.mark.parametrize("name", [*bootstrap.GROUPS])
def test_every_group_is_explained(name):
    assert re.search(rf"^\| .*\b{name}\b", PAGES["security.md"], re.M)


@pytest.mark.parametrize("name", [*bootstrap.POLICIES])
def test_every_built_in_policy_is_explained(name):
    assert f"| {name} |" in PAGES["concepts.md"]


@pytest.mark.parametrize("command", sorted(path.stem for path in ROOT.glob("*/management/commands/[a-z]*.py")))
def test_every_command_is_documented(command):
    assert re.search(rf"(manage\.py [`\w, ]*|`){command}\b", EVERYTHING)


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_link_to_another_page_leads_somewhere(document):
    pages = [link for link in LINK.findall(document.read_text()) if not link.endswith(".png")]

    assert [link for link in pages if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted({page for page, _ in BLOCKS}))
def test_every_block_of_commands_can_be_read_by_a_shell(page):
    script = re.sub(r"<[\w -]+>", "yours", "\n".join(block for name, block in BLOCKS if name == page))

    assert subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_page_has_its_place_in_the_manual(page):
    assert re.search(rf"(?<![\w/-]){re.escape(page)}$", (ROOT / "mkdocs.yml").read_text(), re.M), "give it a line under nav: in mkdocs.yml"


def test_nothing_is_called_by_another_name():
    assert re.findall(r"\b(incidents?|tickets?|fingerprints?)\b", EVERYTHING, re.I) == []
