"""What can be typed after `manage.py alert`: its words and their options."""

from argparse import ArgumentParser

from alerts.enums import AlertStatus, Promise, Severity
from sentinel_site.lib.typed_instants import FORMS

PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
RESOLUTIONS = ("handled", "help_sent", "false_alarm", "test")
NUMBER = "its number, as the list shows it, or its id"
EXAMPLES = """
examples:
  manage.py alert list                          what is open now
  manage.py alert list --priority P1 --all --since 7d
  manage.py alert show 1042                     its record, who was told, what happens next
  manage.py alert ack 1042 --promise on_my_way --as robin
  manage.py alert resolve 1042 --resolution false_alarm --note "a cat" --as robin
  manage.py alert raise "Water in the cellar" --severity high --subject cellar --as robin
  manage.py alert watch                         live, until Ctrl-C

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 nothing found.
"""
LIST_EXAMPLES = """
examples:
  manage.py alert list                          open ones, the newest first
  manage.py alert list --closed --source smarteye --since 24h
  manage.py alert list --label room=12 --json
"""
RAISE_EXAMPLES = """
examples:
  manage.py alert raise "Water in the cellar" --severity high --type water --label room=12 --as robin
  echo '{"source": "generic", "title": "Water"}' | manage.py alert raise - --as robin
"""


def filters(parser: ArgumentParser) -> None:
    """The filters of the list, as REST has them. Values of one are alternatives, filters add up."""
    parser.add_argument("--status", action="append", type=str.upper, choices=AlertStatus.values, metavar="STATUS",
                        help=f"{', '.join(AlertStatus.values)}; may repeat, as most filters")  # fmt: skip
    parser.add_argument("--priority", action="append", type=str.upper, choices=PRIORITIES, metavar="P1..P5")
    parser.add_argument("--severity", action="append", choices=Severity.values, metavar="SEVERITY", help=", ".join(Severity.values))
    parser.add_argument("--source", action="append", metavar="SLUG")
    parser.add_argument("--type", action="append")
    parser.add_argument("--subject", action="append")
    parser.add_argument("--label", action="append", metavar="NAME=VALUE", help="every one must hold")
    parser.add_argument("--q", default="", metavar="WORDS", help="words in title, subject or type, or an alert's number")
    parser.add_argument("--since", metavar="WHEN", help=f"raised then or later: {FORMS}")
    parser.add_argument("--until", metavar="WHEN", help="raised before then")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--open", dest="open", action="store_true", default=None, help="open ones only; so it is without --status")
    which.add_argument("--closed", dest="open", action="store_false", help="resolved and expired ones only")
    which.add_argument("--all", dest="everything", action="store_true", help="open ones and closed ones")
    held = parser.add_mutually_exclusive_group()
    held.add_argument("--held", dest="held", action="store_true", default=None, help="of which nobody is told for now")
    held.add_argument("--not-held", dest="held", action="store_false", help="the others")


def one(parser: ArgumentParser) -> None:
    """The alert that is meant."""
    parser.add_argument("alert", help=NUMBER)


def some(parser: ArgumentParser) -> None:
    """The alerts that are meant, and a word for the record."""
    parser.add_argument("alerts", nargs="+", metavar="alert", help=NUMBER)
    parser.add_argument("--note", default="", help="goes into the record, and to who was told")


def promise(parser: ArgumentParser) -> None:
    """What whoever takes it is going to do."""
    some(parser)
    parser.add_argument("--promise", choices=Promise.values, default="", help="what you are going to do")


def resolution(parser: ArgumentParser) -> None:
    """How it ended."""
    some(parser)
    parser.add_argument("--resolution", choices=RESOLUTIONS, default="handled", help="how it ended (handled)")


def report(parser: ArgumentParser) -> None:
    """The fields of a report; none of them with ``-``."""
    parser.add_argument("title", help="what is wrong; - reads a report as JSON from standard input, or {\"alerts\": [...]}")  # fmt: skip
    parser.add_argument("--source", metavar="SLUG", help="whose report it is (generic)")
    parser.add_argument("--severity", choices=Severity.values, metavar="SEVERITY", help=f"{', '.join(Severity.values)}; else the source's")
    for name in ("type", "subject", "description"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--dedup-key", metavar="KEY", help="open alerts with the same one are the same alert")
    parser.add_argument("--label", action="append", metavar="NAME=VALUE")
    parser.add_argument("--link", action="append", metavar="URL")
    parser.add_argument("--runbook-url", metavar="URL")
    parser.add_argument("--occurred-at", metavar="WHEN", help=FORMS)


def watch(parser: ArgumentParser) -> None:
    """From where on, and until when."""
    parser.add_argument("--since", type=int, metavar="EVENT", help="begin after this event's id, and not with what comes next")
    parser.add_argument("--count", type=int, metavar="N", help="end after so many events")
