"""Work that apps offer to be run as jobs: declared here by a decorator, run and accounted for by the app `jobs`.

A leaf, so that apps that do not know each other can meet in it. What is declared stands in an app's module ``job_callables``;
`load` imports those modules, and only who runs or chooses jobs needs that.
"""

import inspect
import types
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_type_hints

from django.utils.module_loading import autodiscover_modules

MODULE: Final = "job_callables"
TYPES: Final = (str, int, float, bool)
Stats = dict[str, Any]
Work = TypeVar("Work", bound=Callable[..., Any])
Reporter = Callable[[str, int, int | None], None]
"""Is told what is being done, how much of it is done, and of how much (None: nobody knows)."""


class UnknownCallableError(LookupError):
    """Nothing is declared under this name; the text says what is."""


class ArgumentsError(ValueError):
    """These arguments do not fit the callable; the text says which and what to write."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a callable may return besides plain stats. ``warning``: it did its work, and somebody should look at it."""

    stats: Stats = field(default_factory=dict)
    message: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """One keyword parameter of a callable. ``default`` counts only where ``required`` is false."""

    name: str
    type: type
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class Declared:
    """One callable. ``every`` is a cron expression in the site's zone, or empty: only on demand. ``timeout`` is in seconds."""

    name: str
    title: str
    description: str
    function: Callable[..., Stats | Outcome | None]
    parameters: Mapping[str, Parameter]
    every: str
    timeout: int


_declared: Final[dict[str, Declared]] = {}
_reporter: Final[ContextVar[Reporter | None]] = ContextVar("reporter", default=None)


def job(name: str, *, title: str, every: str = "", timeout: int = 3600) -> Callable[[Work], Work]:
    """Declare a function as work that can be run as a job, under ``name`` (``app.what``).

    Its parameters are keywords of type str, int, float or bool. It may be run twice, or be stopped at any moment; it returns its stats,
    a dict that JSON can hold, or an Outcome. Raises TypeError for parameters that cannot be stored, ValueError for a name taken.
    """

    def declare(function: Work) -> Work:
        known = _declared.get(name)
        if known and known.function is not function and _where(known.function) != _where(function):
            raise ValueError(f"two jobs are called {name}")
        description = inspect.cleandoc(function.__doc__ or "")
        _declared[name] = Declared(name, title, description, function, _parameters(function), every, timeout)
        return function

    return declare


def load() -> Mapping[str, Declared]:
    """Every callable of every installed app, by its name."""
    autodiscover_modules(MODULE)
    return types.MappingProxyType(_declared)


def get(name: str) -> Declared:
    """The callable of this name. Raises UnknownCallableError."""
    declared = load()
    if name not in declared:
        raise UnknownCallableError(f"No job is called “{name}”. There are: {', '.join(sorted(declared))}.")
    return declared[name]


def check(declared: Declared, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the callable takes them, without its defaults. Raises ArgumentsError."""
    if unknown := sorted(set(arguments) - set(declared.parameters)):
        known = ", ".join(declared.parameters) or "none"
        raise ArgumentsError(f"{declared.name} has no parameter {', '.join(unknown)}. Its parameters: {known}.")
    missing = sorted(each.name for each in declared.parameters.values() if each.required and each.name not in arguments)
    if missing:
        raise ArgumentsError(f"{declared.name} needs {', '.join(missing)}.")
    return {key: _fitting(declared.parameters[key], value) for key, value in arguments.items()}


def progress(what: str, done: int, of: int | None = None) -> None:
    """Say how far the work is: shown with the run. Outside of a run nobody is told."""
    if reporter := _reporter.get():
        reporter(what, done, of)


def reporting_to(reporter: Reporter | None) -> None:
    """From now on `progress` of this thread tells ``reporter``."""
    _reporter.set(reporter)


def _fitting(parameter: Parameter, value: Any) -> Any:
    if parameter.type is float and type(value) is int:
        return float(value)
    if type(value) is not parameter.type:
        raise ArgumentsError(f"{parameter.name} must be {parameter.type.__name__}, not {value!r:.60}.")
    return value


def _where(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    hints, found = get_type_hints(function), {}
    for name, given in inspect.signature(function).parameters.items():
        if given.kind is not inspect.Parameter.KEYWORD_ONLY or hints.get(name) not in TYPES:
            raise TypeError(f"parameter {name} of {function.__qualname__} must be keyword-only, and str, int, float or bool")
        required = given.default is inspect.Parameter.empty
        found[name] = Parameter(name, hints[name], required, None if required else given.default)
    return found
