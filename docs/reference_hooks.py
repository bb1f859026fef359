"""What `mkdocs build` does besides: it makes the reference from the code, and takes in the two pages that stand at the root."""

import os
import re
import sys
from pathlib import Path
from typing import Any, Final

import django
from django.apps import apps
from django.utils import translation
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parent.parent
AT_THE_ROOT: Final = ("ARCHITECTURE.md", "CHANGELOG.md")
sys.path[:0] = [path for path in (str(ROOT),) if path not in sys.path]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel_site.settings")
os.environ.setdefault("SENTINEL_DATA_DIR", str(ROOT / ".venv" / "check-data"))
if not apps.ready:
    django.setup()

import reference  # noqa: E402 (needs Django to be ready)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand in no file of `docs/`."""
    with translation.override("en"):
        made = {"words.md": reference.words_page(), "metrics.md": reference.metrics_page(), "commands.md": reference.commands_page()}
        made |= reference.api_pages()
    for name, text in made.items():
        files.append(File.generated(config, f"reference/{name}", content=text))
    for name in AT_THE_ROOT:
        files.append(File.generated(config, name, content=(ROOT / name).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links lead where the pages stand in the built manual, and end the page of settings with what the code reads."""
    if page.file.src_uri in AT_THE_ROOT:
        return re.sub(r"\]\(docs/", "](", markdown)
    if page.file.src_uri == "settings.md":
        markdown += "\n\n## As the code reads them\n\n" + reference.settings_table()
    return markdown.replace("](../ARCHITECTURE.md", "](ARCHITECTURE.md").replace("](../CHANGELOG.md", "](CHANGELOG.md")
