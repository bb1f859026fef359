"""The signs on pages: letters that every machine has, no emoji, which an old one shows as empty boxes."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMOJI = re.compile(
    "[\u231a\u231b\u23e9-\u23ff\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2757\u2795-\u2797\u2b50\u2b55\ufe0f\U00010000-\U0010ffff]"
)


def test_no_page_needs_a_font_of_emoji():
    files = [
        path
        for place in ("static/live", "static/admin_sentinel", "templates")
        for path in (ROOT / place).rglob("*")
        if path.suffix in {".js", ".css", ".html"}
    ]

    found = {(path.name, sign) for path in files for sign in EMOJI.findall(path.read_text())}

    assert len(files) > 100
    assert found == set()
