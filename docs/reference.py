"""The reference part of the manual, made from the code at every build: it is committed nowhere and cannot be out of date."""

import ast
import re
from argparse import _SubParsersAction
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.core.management import load_command_class
from django.db.models import Choices

from sentinel_site.api import api

ROOT: Final = Path(__file__).resolve().parent.parent
APPS: Final = ("alerts", "notifications", "devices", "backups", "jobs")
READERS: Final = {
    "text": "text",
    "flag": "`1` or `0`",
    "number": "whole number",
    "words": "list, by commas",
    "path": "path",
    "rate": "`10/s`, `30/m`, `100/h`",
}
"""What each function of `sentinel_site/env.py` takes."""
METRIC_KINDS: Final = frozenset({"gauge", "counter", "histogram", "summary"})
MOVES: Final = {"AlertStatus": "alerts.lifecycle", "RunStatus": "jobs.runs"}
"""Where it is written which status may follow which."""
DJANGOS: Final = "-h|-v|--version|--settings|--pythonpath|--traceback|--no-color|--force-color|--skip-checks"
MADE: Final = "*Made from the code of this version when the manual was built.*\n\n"


METRICS: Final = """# Metrics

`GET /metrics` is Prometheus text, for a key or a sign-in that may view alerts. Its figures are worked out from the database at each
scrape, so every web process says the same.

"""


class Setting(NamedTuple):
    """One environment variable as the code reads it."""

    name: str
    read_as: str
    default: str
    module: str


class Metric(NamedTuple):
    """One metric of `/metrics`."""

    name: str
    kind: str
    says: str


def modules(*folders: str) -> Iterator[Path]:
    """Every module below the folders, migrations excepted, in one order."""
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown; what would end a cell is written so that it does not."""
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def settings_read() -> list[Setting]:
    """Every environment variable that the code reads by its name."""
    found: dict[str, Setting] = {}
    for path, text in ((path, path.read_text()) for path in modules("sentinel_site", *APPS)):
        calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)) if "env." in text else ()
        for setting in filter(None, (_setting(call, path) for call in calls)):
            found.setdefault(setting.name, setting)
    return sorted(found.values())


def _setting(call: ast.Call, path: Path) -> Setting | None:
    function = call.func
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "env"):
        return None
    if function.attr not in READERS or not call.args or not isinstance(call.args[0], ast.Constant):
        return None
    default = ast.unparse(call.args[1]) if len(call.args) > 1 else ""
    return Setting(str(call.args[0].value), READERS[function.attr], default, path.relative_to(ROOT).as_posix())


def settings_table() -> str:
    """What stands at the end of the page of settings."""
    rows = ([f"`{each.name}`", each.read_as, f"`{each.default}`" if each.default else "", f"`{each.module}`"] for each in settings_read())
    return MADE + table(("Variable", "read as", "default in the code", "read by"), rows)


def metrics() -> list[Metric]:
    """Every metric that the code names, with its labels."""
    nodes = (node for path in modules("sentinel_site") if path.stem.startswith("metrics") for node in ast.walk(ast.parse(path.read_text())))
    return [found for node in nodes if isinstance(node, ast.Call) and (found := _metric(node))]


def _metric(call: ast.Call) -> Metric | None:
    words = [arg.value for arg in call.args[:3] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if len(words) < 3 or words[1] not in METRIC_KINDS:
        return None
    return Metric(*words)


def metrics_page() -> str:
    """The page of metrics."""
    rows = ([f"`{each.name}`", each.kind, each.says] for each in metrics())
    return METRICS + MADE + table(("Metric", "kind", "says"), rows)


def words_page() -> str:
    """Every status, kind and reason, with what it means, and from where it can be reached."""
    parts = ["# Words and statuses\n\nThe same words stand in the admin, in the API and in the database.\n\n", MADE]
    for app in APPS:
        parts += [f"## {app.capitalize()}\n\n", *_enums(app)]
    return "".join(parts)


def _enums(app: str) -> Iterator[str]:
    module = import_module(f"{app}.enums")
    tree = ast.parse((ROOT / app / "enums.py").read_text())
    for node in tree.body:
        kind = getattr(module, node.name) if isinstance(node, ast.ClassDef) else None
        if isinstance(kind, type) and issubclass(kind, Choices):
            yield f"### {_spaced(kind.__name__)}\n\n{_prose(kind.__doc__)}\n\n{_members(kind, _meanings(node))}"


def _meanings(node: ast.ClassDef) -> dict[str, str]:
    """What is written below each member."""
    pairs = zip(node.body, node.body[1:], strict=False)
    return {
        first.targets[0].id: str(then.value.value)
        for first, then in pairs
        if isinstance(first, ast.Assign) and isinstance(first.targets[0], ast.Name)
        if isinstance(then, ast.Expr) and isinstance(then.value, ast.Constant)
    }


def _members(kind: type[Choices], meanings: dict[str, str]) -> str:
    moves = import_module(MOVES[kind.__name__]).TRANSITIONS if kind.__name__ in MOVES else {}
    head = ["word", "in the pages", "means", *(["reached from"] if moves else [])]
    rows = []
    for member in kind:
        before = [", ".join(f"`{each.value}`" for each in moves.get(member, ()))] if moves else []
        rows.append([f"`{member.value}`", str(member.label), _prose(meanings.get(member.name, "")), *before])
    return table(head, rows)


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _prose(text: str | None) -> str:
    """A docstring as a reader of the manual wants it: code between single backquotes."""
    return " ".join((text or "").replace("``", "`").split())


def commands_page() -> str:
    """What each command of `manage.py` takes."""
    parts = [
        "# Commands\n\nRun as `.venv/bin/python manage.py <command>`, with the environment variables that Sentinel itself has.\n\n",
        MADE,
    ]
    for path in sorted(ROOT.glob("*/management/commands/[a-z]*.py"), key=lambda path: path.stem):
        command = load_command_class(path.parts[-4], path.stem)
        parser = command.create_parser("manage.py", path.stem)
        parts.append(f"## {path.stem}\n\n```text\n{_usage(parser.format_help())}\n```\n\n")
        words = [each.choices for each in parser._actions if isinstance(each, _SubParsersAction)]
        for word, inner in (found for choices in words for found in choices.items()):
            parts.append(f"### {path.stem} {word}\n\n```text\n{_usage(inner.format_help())}\n```\n\n")
    return "".join(parts)


def _usage(text: str) -> str:
    """A command's own help, without the options that every command of Django has."""
    return re.sub(rf"\n  (?:{DJANGOS})\b.*(?:\n {{6,}}.*)*", "", text).rstrip()


def api_pages() -> dict[str, str]:
    """Every operation of the REST API: a page for each part of it, by the name of its file."""
    document = api.get_openapi_schema()
    parts: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.setdefault(operation["tags"][0], []).append(
                _operation(method.upper(), path, operation, document["components"]["schemas"])
            )
    intro = "Errors, keys, lists and limits are the same everywhere: see [API](../api.md).\n\n"
    return {f"api-{tag}.md": f"# API: {tag}\n\n{intro}{MADE}" + "".join(found) for tag, found in parts.items()}


def _operation(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    lines = [f"## `{method} {path}`\n\n{_prose(operation.get('description') or operation.get('summary'))}\n\n"]
    asked = [[f"`{p['name']}`", p["in"], _type(p["schema"]), _prose(p.get("description"))] for p in operation.get("parameters", ())]
    if asked:
        lines.append(table(("parameter", "in", "is", "means"), asked))
    for media, body in operation.get("requestBody", {}).get("content", {}).items():
        lines.append(f"Takes `{media}`:\n\n{_fields(body['schema'], schemas)}")
    for code, answer in operation["responses"].items():
        if str(code).startswith("2"):
            lines.append(_answer(str(code), answer, schemas))
    return "".join(lines)


def _answer(code: str, answer: dict[str, Any], schemas: dict[str, Any]) -> str:
    content = next(iter(answer.get("content", {}).values()), {})
    return f"Answers **{code}**" + (f":\n\n{_fields(content['schema'], schemas)}" if content.get("schema") else ".\n\n")


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """The fields of a value, or what it is where it has none."""
    found = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    fields = found.get("properties")
    if not fields:
        return f"{_type(schema)}\n\n"
    needed = set(found.get("required", ()))
    rows = ([f"`{name}`", _type(each), "yes" if name in needed else "", _prose(each.get("description"))] for name, each in fields.items())
    return table(("field", "is", "always there", "means"), rows)


def _type(schema: dict[str, Any]) -> str:
    """A value's type in a few words."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[several]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")
