"""deploy/sentinelctl.bash completes what the commands take: it is made of their parsers, and written again when they change."""

import subprocess
from argparse import _SubParsersAction

from django.core.management import load_command_class

from sentinel_site.env import BASE_DIR

FILE = BASE_DIR / "deploy" / "sentinelctl.bash"
COMMANDS = {"alert": "alerts", "silence": "alerts", "oncall": "notifications", "job": "jobs"}
OTHERS = ("apikey", "bootstrap", "demo", "doctor", "restore", "scan_backups", "up")
HEAD = """\
# Completion of sentinelctl in bash. Made from the commands; tests/site/test_completion.py says when it is to be made again.
#   cp deploy/sentinelctl.bash /etc/bash_completion.d/sentinelctl
_sentinelctl() {{
    local words word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    case "$COMP_CWORD:${{COMP_WORDS[1]}}:${{COMP_WORDS[2]}}" in
        1:*) words="{commands}" ;;
"""
TAIL = """\
    esac
    case "${COMP_WORDS[1]} ${COMP_WORDS[2]} $before" in
%s    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _sentinelctl sentinelctl
"""


def completion() -> str:
    """What the file should hold."""
    lines, values = [], []
    for name, app in COMMANDS.items():
        parser = load_command_class(app, name).create_parser("manage.py", name)
        (words,) = [each.choices for each in parser._actions if isinstance(each, _SubParsersAction)]
        lines.append(f'        2:{name}:*) words="{" ".join(words)}" ;;\n')
        for word, inner in words.items():
            options = [each for each in inner._actions if each.option_strings]
            lines.append(f'        *:{name}:{word}) words="{" ".join(each.option_strings[-1] for each in options)}" ;;\n')
            values += [
                f'        "{name} {word} {each.option_strings[-1]}") words="{" ".join(each.choices)}" ;;\n'
                for each in options
                if each.choices
            ]
    return HEAD.format(commands=" ".join([*COMMANDS, *OTHERS])) + "".join(lines) + TAIL % "".join(values)


def completed(*words: str) -> list[str]:
    """What bash offers for the last of ``words``."""
    script = f'. {FILE}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sentinelctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    ended = subprocess.run(["bash", "-c", script, "bash", "sentinelctl", *words], capture_output=True, text=True, check=True)
    return ended.stdout.split()


def test_the_file_knows_every_word_and_option():
    assert FILE.read_text() == completion(), "write what completion() says into deploy/sentinelctl.bash"


def test_bash_completes_words_options_and_their_values():
    assert completed("al") == ["alert"]
    assert completed("alert", "re") == ["resolve"]
    assert completed("alert", "ack", "1042", "--pr") == ["--promise"]
    assert completed("alert", "ack", "--promise", "on") == ["on_my_way"]
