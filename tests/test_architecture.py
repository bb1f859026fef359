"""The walls of the house, checked on the source text. What is said here in code is said in words in ARCHITECTURE.md."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest
from django.urls import get_resolver

from sentinel_site import periodic

ROOT = Path(__file__).resolve().parent.parent
APPS = ("notifications", "alerts", "devices", "backups", "jobs", "sentinel_site")
BELOW = {
    "notifications": {"notifications"},
    "alerts": {"alerts", "notifications"},
    "devices": {"devices", "alerts", "notifications"},
    "backups": {"backups", "alerts", "notifications"},
    "jobs": {"jobs", "alerts", "notifications"},
    "sentinel_site": set(APPS),
}
"""What each app may import. `sentinel_site.lib` is a leaf that everyone may import, and that imports no app."""
EDGES = {
    "api",
    "consumers",
    "tasks",
    "admin",
    "receivers",
    "story_receivers",
    "views",
    "management",
    "image_views",
    "mail_views",
    "urls",
    "job_callables",
}
FIRST = {"enums", "errors", "signals"}
OWNERS = {
    ("Alert", "status"): {"alerts/lifecycle.py"},
    ("Alert", "next_step_at"): {"alerts/escalation.py"},
    ("Delivery", "status"): {"notifications/outbox.py"},
    ("JobRun", "status"): {"jobs/runs.py"},
    ("Job", "next_run_at"): {"jobs/scheduling.py"},
    ("BackupEntry", "status"): {"backups/entries.py"},
    **{
        ("ExpectedBackupJob", field): {"backups/entries.py"}
        for field in (
            "current_status",
            "next_expected_at",
            "overdue_at",
            "last_cycle_at",
            "last_checked_at_utc",
            "last_successful_backup_utc",
            "last_failed_backup_utc",
        )
    },
    ("ExpectedBackupJob", "started_at"): {"backups/entries.py", "backups/scans.py"},  # a Scan has one, too
}
PURE = (
    "alerts/plan.py",
    "alerts/enums.py",
    "backups/deadlines.py",
    "backups/expectations.py",
    "backups/reports.py",
    "backups/fitting.py",
    "backups/suspicion.py",
    "backups/when.py",
    "devices/aggregates.py",
    "devices/demand.py",
    "devices/frames.py",
    "devices/levels.py",
    "devices/notes.py",
    "devices/rules.py",
    "jobs/retries.py",
    "jobs/schedule.py",
    "notifications/enums.py",
    "notifications/hours.py",
    "notifications/oncall.py",
    "notifications/walltime.py",
    "devices/drivers/nl43_codec.py",
    "devices/drivers/nl43_commands.py",
    "jobs/drift.py",
    "sentinel_site/lib/cron.py",
    "sentinel_site/lib/matchers.py",
    "sentinel_site/lib/rolling/answer.py",
    "sentinel_site/lib/rolling/bins.py",
    "sentinel_site/lib/rolling/steps.py",
    "sentinel_site/lib/stored_paths.py",
)
CLOCKS = {"now", "today", "utcnow", "time", "monotonic", "perf_counter"}
SPLIT_WORDS = {"common", "utils", "helpers", "services", "managers", "util", "helper"}
MODULE_WALL, FUNCTION_WALL, TEST_WALL, EDGE_WALL = 400, 50, 30, 15


def modules(*tops: str) -> list[Path]:
    """Every module under the folders ``tops``, migrations excepted."""
    return sorted(path for top in tops for path in (ROOT / top).rglob("*.py") if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> list[str]:
    """Every dotted name a module imports, ``from a.b import c`` as a.b.c."""
    names = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def functions(path: Path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1


def code_lines(function) -> int:
    """Lines of a body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_apps_import_downhill_only():
    wrong = []
    for app in APPS:
        for path in modules(app):
            for name in imports(path):
                top = name.partition(".")[0]
                leaf = name.startswith("sentinel_site.lib")
                inside_leaf = place(path).startswith("sentinel_site/lib/")
                if top in APPS and not leaf and (inside_leaf or top not in BELOW[app]):
                    wrong.append(f"{place(path)} imports {name}")

    assert wrong == []


def test_domain_modules_import_no_edge():
    wrong = []
    for app in APPS[:-1]:
        for path in modules(app):
            part = path.relative_to(ROOT / app).parts[0].removesuffix(".py")
            if part in EDGES or part in {"apps", "integrations"}:
                continue
            for name in imports(path):
                top, _, rest = name.partition(".")
                if top in APPS[:-1] and rest.partition(".")[0] in EDGES:
                    wrong.append(f"{place(path)} imports the edge {name}")

    assert wrong == []


def test_models_and_words_import_nothing_above_them():
    wrong = []
    for app in APPS[:-1]:
        for path in modules(app):
            part = path.relative_to(ROOT / app).parts[0].removesuffix(".py")
            allowed = FIRST if part in FIRST else FIRST | {"models"} if part == "models" else None
            for name in imports(path) if allowed else ():
                top, _, rest = name.partition(".")
                if top == app and rest.partition(".")[0] not in allowed:
                    wrong.append(f"{place(path)} imports {name}")

    assert wrong == []


def test_imports_stand_at_the_top():
    """Heavy libraries may be imported late, and say so with a reason."""
    wrong = []
    for path in modules(*APPS):
        lines = path.read_text().splitlines()
        for function in functions(path):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom) and "PLC0415 (" not in lines[node.lineno - 1]:
                    wrong.append(f"{place(path)}:{node.lineno}")

    assert wrong == []


def _written(path: Path, field: str) -> list[int]:
    """Lines that assign ``.field`` or pass ``field=`` to update, update_or_create or bulk_update."""
    lines = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            lines += [node.lineno for each in targets for part in ast.walk(each) if isinstance(part, ast.Attribute) and part.attr == field]
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"update", "update_or_create", "aupdate"}
        ):
            lines += [node.lineno for keyword in node.keywords if keyword.arg == field]
    return lines


@pytest.mark.parametrize(("model", "field"), OWNERS, ids=lambda value: str(value))
def test_a_state_has_one_writer(model, field):
    apps = {"Alert": "alerts", "Delivery": "notifications", "JobRun": "jobs", "Job": "jobs"}
    app = (apps.get(model, "backups"),)
    writers = {place(path) for path in modules(*app) if _written(path, field)}

    assert writers <= OWNERS[model, field]
    assert writers, f"nobody writes {model}.{field}: this test looks for the wrong thing"


def test_every_dotted_path_of_the_queue_resolves():
    paths = {dotted for dotted, _ in periodic.PERIODIC.values()}
    for path in modules(*APPS):
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in {"queue.enqueue", "enqueue"}
                and place(path) != "sentinel_site/lib/queue.py"
            ):
                assert isinstance(node.args[0], ast.Constant), f"{place(path)}:{node.lineno} enqueues a path that is not a literal"
                paths.add(node.args[0].value)

    for dotted in sorted(paths):
        module, _, name = dotted.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name, None)), f"{dotted} does not resolve"


def test_no_two_shapes_of_the_api_share_a_name():
    """The OpenAPI document knows them by their names alone: one would take the other's place."""
    found: dict[str, list[str]] = {}
    for path in modules(*APPS):
        for node in tree(path).body:
            based = isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases}
            if based and "admin" not in path.parts and node.name.endswith(("Form", "Shape", "Page", "Out", "In")):
                found.setdefault(node.name, []).append(place(path))

    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_every_url_resolves():
    assert get_resolver().url_patterns


def test_pure_modules_read_no_clock():
    wrong = []
    for name in PURE:
        for node in ast.walk(tree(ROOT / name)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                wrong.append(f"{name}:{node.lineno} {ast.unparse(node.func)}")

    assert wrong == []


def test_no_file_stands_above_the_wall():
    too_long = [place(path) for path in modules(*APPS, "tests") if len(path.read_text().splitlines()) > MODULE_WALL]

    assert too_long == []


def test_no_function_stands_above_the_wall():
    too_long = [f"{place(p)}:{f.lineno} {f.name}" for p in modules(*APPS) for f in functions(p) if length(f) > FUNCTION_WALL]

    assert too_long == []


def test_no_test_stands_above_the_wall():
    too_long = [
        f"{place(p)}:{f.lineno} {f.name}"
        for p in modules("tests")
        for f in functions(p)
        if f.name.startswith("test_") and length(f) > TEST_WALL
    ]

    assert too_long == []


def test_edges_are_adapters():
    too_long = []
    for path in modules(*APPS):
        parts = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts[1:]}
        if parts & {"api", "tasks", "receivers", "story_receivers", "consumers"}:
            too_long += [f"{place(path)}:{f.lineno} {f.name}" for f in functions(path) if code_lines(f) > EDGE_WALL]

    assert too_long == []


def test_no_module_is_a_drawer():
    assert [place(path) for path in modules(*APPS) if path.stem in SPLIT_WORDS] == []


def test_no_word_of_the_forbidden_list_names_anything():
    forbidden = {"incident", "ticket", "fingerprint"}
    wrong = []
    for path in modules(*APPS):
        for node in ast.walk(tree(path)):
            name = getattr(node, "name", None) if isinstance(node, ast.ClassDef | ast.FunctionDef) else None
            if name and any(word in name.lower() for word in forbidden):
                wrong.append(f"{place(path)}:{node.lineno} {name}")

    assert wrong == []


def test_no_file_holds_what_a_merge_left_behind():
    places = ("alerts", "backups", "bench", "devices", "docs", "jobs", "notifications", "sentinel_site", "static", "templates", "tests")
    texts = [
        path for top in places for path in (ROOT / top).rglob("*") if path.suffix in {".py", ".js", ".css", ".html", ".md", ".txt", ".po"}
    ]
    marked = re.compile(r"^(<{7}|>{7}) ", re.M)

    assert [place(path) for path in texts if marked.search(path.read_text(encoding="utf-8"))] == []
