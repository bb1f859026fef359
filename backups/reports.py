"""What a backup agent reports, read from its JSON: pure, strict in what it gives and tolerant in what it takes.

Agents in the field write texts where numbers and truth values belong, times without a zone, comments, paths of their own machine.
Whatever cannot be understood is None or False here, never a guess that makes a backup look good.
"""

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sentinel_site.lib import jsontext

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DATABASES: Final = 1000
MAX_SIZE: Final = 10**18
LONGEST_TIME: Final = 100
"""A longer one is not kept in memory, in case it comes again."""
STAGES: Final = ("BACKUP", "COMPRESS", "TRANSFER")
FAILED_GLOBALLY: Final = "failed_globally"
NAME_LENGTH, TEXT_LENGTH, SUMMARY_LENGTH = 120, 1000, 20_000
_GOOD: Final = frozenset({"true", "1", "yes", "ok", "success", "succeeded", "successful", "completed", "done"})
_NOTHING: Final = frozenset({"", "null", "none", "nil", "n/a", "nan", "undefined"})
_STAMP: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)[T_ ](\d\d)[-:]?(\d\d)[-:]?(\d\d)")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|UTC|[+-]\d\d:?\d\d)?", re.I)
_USUAL_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?(?:Z|\+[0-9]{2}:[0-9]{2})?")
"""What most agents write, and Python reads as it is."""
_USUAL_DIGEST: Final = re.compile("[0-9a-f]{64}")
_STRING: Final = r'("(?:[^"\\\n]|\\.)*"?)'
"""A text, or what begins like one: a quote that is never closed must not be looked at again from the next quote on."""
_STRING_OR_COMMENT: Final = re.compile(rf"{_STRING}|//[^\n]*")
_STRING_OR_COMMA: Final = re.compile(rf"{_STRING}|,(?=\s*[}}\]])")
YEARS: Final = range(1990, 2201)
"""Those in which expected runs are worked out; a time outside of them is none: it has no day before it, or no zone can show it."""
_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class UnreadableReportError(ValueError):
    """This is no report of a backup agent; the text says why."""


class Stage(NamedTuple):
    """BACKUP, COMPRESS or TRANSFER of one database. ``succeeded`` None: the report says nothing of it. Times may have no zone."""

    succeeded: bool | None = None
    word: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    digest: str = ""
    size: int | None = None
    error: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON values, for people to look at."""
        _, word, started_at, ended_at, digest, size, error = self
        found: dict[str, Any] = {"status": word} if word else {}
        if started_at is not None:
            found["start_time"] = _shown(started_at)
        if ended_at is not None:
            found["end_time"] = _shown(ended_at)
        if digest:
            found["hash"] = digest
        if size is not None:
            found["size"] = size
        if error:
            found["error"] = error
        return found


class Database(NamedTuple):
    """What a report says of one database. ``staged_name`` is one plain name: whatever path the agent wrote is cut off.

    ``size`` is how large the staged file should be, in bytes; None: not reported. ``digest`` is the SHA-256 that it should have; empty:
    not reported. What is no SHA-256 stays, and will equal none.
    """

    name: str
    backup: Stage = Stage()
    compress: Stage = Stage()
    transfer: Stage = Stage()
    staged_name: str = ""
    summary: str = ""
    size: int | None = None
    digest: str = ""

    @property
    def stages(self) -> dict[str, Stage]:
        """The three, by their names."""
        return dict(zip(STAGES, (self.backup, self.compress, self.transfer), strict=True))

    def fault(self) -> str:
        """Why the agent itself calls it a failure; empty: it does not."""
        if self.backup.succeeded and self.compress.succeeded and self.transfer.succeeded:
            return ""
        said = {name: stage for name, stage in self.stages.items() if stage.word or stage.succeeded is not None}
        bad = [name for name, stage in said.items() if not stage.succeeded]
        if not said:
            return "The report names it, and says of no stage that it succeeded."
        odd = [f"{name} says “{said[name].word}”" for name in bad if said[name].word.lower() not in {"false", "0", "failed"}]
        errors = dict.fromkeys(each.error for each in self.stages.values() if each.error)
        return "; ".join([*([f"{', '.join(bad)} failed"] if bad else []), *odd, *errors])[:TEXT_LENGTH] if bad else ""

    def duration_seconds(self) -> float | None:
        """From the first start to the last end; None when they are not both known."""
        stages = (self.backup, self.compress, self.transfer)
        first = _extreme([each.started_at for each in stages], earliest=True)
        last = _extreme([each.ended_at for each in stages], earliest=False) if first else None
        seconds = (aware(last, UTC) - aware(first, UTC)).total_seconds() if first and last else -1.0
        return seconds if seconds >= 0 else None


@dataclass(frozen=True, slots=True)
class Report:
    """One report. Times without a zone are in the zone of the job that they are about (`aware`)."""

    agent: str
    started_at: datetime | None
    ended_at: datetime
    overall: str
    databases: Mapping[str, Database] = field(default_factory=dict)

    @property
    def failed_globally(self) -> bool:
        """Whether the agent gave up as a whole."""
        return bool(self.overall) and self.overall.lower() == FAILED_GLOBALLY


def read(body: bytes, *, name: str = "") -> Report:
    """The report in ``body``; ``name`` is its file's, whose time stamp counts where the report has none. Raises UnreadableReportError."""
    document = _document(body)
    if not isinstance(document, dict):
        raise UnreadableReportError("It is no JSON object.")
    agent = plain(document.get("agent_id"), NAME_LENGTH)
    if not agent:
        raise UnreadableReportError("It has no agent_id.")
    given = document.get("databases")
    if given is None or given == "":
        given = {}
    if not isinstance(given, dict):
        raise UnreadableReportError("Its “databases” is no object of databases by their names.")
    if len(given) > MAX_DATABASES:
        raise UnreadableReportError(f"It has {len(given)} databases; at most {MAX_DATABASES} are read.")
    databases = dict(_database(key, value) for key, value in given.items())
    overall = plain(document.get("overall_status"), 40)
    if not databases and overall.lower() != FAILED_GLOBALLY:
        raise UnreadableReportError("It names no database.")
    return Report(agent, moment(document.get("operation_start_time")), _ended(document, databases.values(), name), overall, databases)


def aware(at: datetime, zone: ZoneInfo | Any) -> datetime:
    """``at`` as an instant in UTC: one without a zone is in ``zone``."""
    return at if at.tzinfo is UTC else (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def moment(value: Any) -> datetime | None:
    """A time as agents write it, with or without a zone; None for anything else."""
    if not isinstance(value, str):
        return None
    return _moment(value) if len(value) <= LONGEST_TIME else _moment.__wrapped__(value)


@lru_cache(maxsize=1024)  # a report says the same again and again
def _moment(value: str) -> datetime | None:
    try:
        read_at = datetime.fromisoformat(value if _USUAL_TIME.fullmatch(value) else _usual(value))
    except ValueError:
        return None
    return read_at if read_at.year in YEARS else None


def _usual(value: str) -> str:
    """A time as ISO 8601 has it; nothing for what is none."""
    found = _TIME.fullmatch(value.strip())
    if not found:
        return ""
    day, clock, fraction, zone = found.groups()
    offset = "" if zone is None else "+00:00" if zone.upper() in {"Z", "UTC"} else zone
    return f"{day}T{clock}{'.' + fraction[:6].ljust(6, '0') if fraction else ''}{offset}"


def number(value: Any) -> int | None:
    """A size in bytes as agents write it; None for what is none, a negative one included."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < MAX_SIZE else None
    if isinstance(value, float):
        return int(value) if value >= 0 and value.is_integer() and value < 2**63 else None
    text = re.sub(r"[\s_',]|\s*bytes?$", "", str(value).strip(), flags=re.I)
    text = text.removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def base_name(path: str) -> str:
    """The last part of a path of any machine, Unix or Windows."""
    if "/" not in path and "\\" not in path:
        return path.strip()
    return re.split(r"[/\\]", path.strip().rstrip("/\\"))[-1]


def plain(value: Any, length: int) -> str:
    """A text without what cannot be stored, or words for nothing, at most ``length`` long. Anything else than text or a number is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)
    if not text.isascii() or "\0" in text:
        text = str(jsontext.cleaned(text))
    text = text.strip()
    return "" if text.lower() in _NOTHING else text[:length]


def _document(body: bytes) -> Any:
    text = _text(body)
    try:
        return json.loads(text)
    except ValueError as error:
        first = error
    except RecursionError:
        raise UnreadableReportError("It is nested too deeply.") from None
    bare = _STRING_OR_COMMA.sub(lambda found: found[1] or "", _STRING_OR_COMMENT.sub(lambda found: found[1] or " ", text))
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        where = f": {first.msg} at line {first.lineno}, column {first.colno}" if isinstance(first, json.JSONDecodeError) else ""
        raise UnreadableReportError(f"It is not JSON{where}.") from None


def _text(body: bytes) -> str:
    try:
        encoding = next((name for bom, name in _BOMS.items() if body.startswith(bom)), "utf-8-sig")
        return body.decode(encoding)
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _database(name: Any, value: Any) -> tuple[str, Database]:
    name = plain(name, NAME_LENGTH) or "(no name)"
    if not isinstance(value, dict):
        return name, Database(name)
    staged, summary = value.get("staged_file_name"), value.get("logs_summary")
    backup, compress, transfer = _stage(value.get("BACKUP")), _stage(value.get("COMPRESS")), _stage(value.get("TRANSFER"))
    size = compress.size if compress.size is not None else transfer.size if transfer.size is not None else backup.size
    return name, Database(
        name, backup, compress, transfer,
        "" if not isinstance(staged, str) or staged.strip().lower() in _NOTHING else base_name(staged),
        "" if summary is None else _summary(summary), size, compress.digest or transfer.digest or backup.digest,
    )  # fmt: skip


_UNSAID: Final = Stage()


def _stage(value: Any) -> Stage:
    if not isinstance(value, dict):
        return _UNSAID if value is None else Stage(_truth(value), plain(value, 40) or str(value)[:40])
    get = value.get
    status, began, ended, size, error = get("status"), get("start_time"), get("end_time"), get("size"), get("error_message")
    succeeded, word = (True, "True") if status is True else (_truth(status), str(status) if status is False else plain(status, 40))
    said = get("sha256_checksum") or get("sha256") or get("hash")
    return Stage(
        succeeded, word, None if began is None else moment(began), None if ended is None else moment(ended),
        _digest(said) if said else "", None if size is None else number(size), "" if error is None else plain(error, TEXT_LENGTH),
    )  # fmt: skip


def _digest(said: Any) -> str:
    if isinstance(said, str) and _USUAL_DIGEST.fullmatch(said):
        return said
    return plain(said, 200).lower().removeprefix("sha256:").strip()


def _truth(value: Any) -> bool | None:
    """A status as agents write it. None: there is none. A word that nobody knows is no success."""
    if value is None or isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return None if isinstance(value, str) and word in _NOTHING else word in _GOOD


def _summary(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(jsontext.cleaned(value), ensure_ascii=False)[:SUMMARY_LENGTH]
    return plain(value, SUMMARY_LENGTH)


def _ended(document: Mapping[str, Any], databases: Iterable[Database], name: str) -> datetime:
    """When the run ended, by the report, else by its last stage, else by its file's name. Raises UnreadableReportError."""
    last = moment(document.get("operation_end_time"))
    if last is None:
        last = _extreme([stage.ended_at for each in databases for stage in each.stages.values()], earliest=False)
    if last is None and (found := _STAMP.search(name)):
        last = moment("{}-{}-{}T{}:{}:{}".format(*found.groups()))
    if last is None:
        raise UnreadableReportError("It does not say when it ended (operation_end_time).")
    return last


def _extreme(moments: Iterable[datetime | None], *, earliest: bool) -> datetime | None:
    known = [each for each in moments if each]
    if len(known) > 1:
        known.sort(key=lambda each: aware(each, UTC))
    return None if not known else known[0] if earliest else known[-1]


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
