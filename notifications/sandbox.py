"""Templates that staff write in the admin: Django's syntax, and next to nothing of its power.

There are a few tags and filters and no loader. A value is looked up in dictionaries and lists only: no attribute is read
and nothing is called. What a template may cost is counted while it runs, so that loops in loops end early, and at the same place on
every machine; its processor time is measured too, in case something costs more than was counted.

TemplateError
├── TemplateRefused  it cannot be used: syntax, a tag or name that is not allowed, too long
└── TemplateFailed   it was cut off, or went wrong with these values
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial, wraps
from typing import Any, ClassVar, Final

from django.template import Context, Engine, Library, Node, Origin, Template, TemplateSyntaxError, VariableDoesNotExist, defaultfilters
from django.template.base import FilterExpression, Lexer, NodeList, Parser, Token, Variable
from django.template.defaulttags import ForNode, comment, do_for, do_if, do_with, spaceless
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LONGEST_TAG: Final = 300
DEEPEST: Final = 12
MOST_TAGS: Final = 500
MOST_STEPS: Final = 20_000
MOST_CHARACTERS: Final = 100_000
LONGEST_VALUE: Final = 10_000
CHARACTERS_PER_STEP: Final = 100
"""A filter over a longer text counts as so many more steps."""
LONGEST_SECONDS: Final = 5.0
"""Of the thread's own processor time: a busy machine cuts nothing off. On the slowest one the counts strike first."""
FILTERS: Final = (
    "capfirst", "date", "default", "default_if_none", "first", "join", "last", "length", "lower", "pluralize", "slice", "time",
    "title", "truncatechars", "truncatewords", "upper", "urlencode", "yesno",
)  # fmt: skip
OF_TEXTS: Final = frozenset({"capfirst", "lower", "title", "truncatechars", "truncatewords", "upper", "urlencode"})
TAGS: Final = ("if", "for", "with", "spaceless", "comment")
_KNOWN: Final = frozenset({"forloop", "True", "False", "None"})


class TemplateError(Exception):
    """A template cannot be used."""


class TemplateRefused(TemplateError):
    """It can never be used; ``line`` says where (0: as a whole) and the text what to do."""

    def __init__(self, text: str, *, line: int = 0) -> None:
        super().__init__(_("Line %(line)s: %(text)s") % {"line": line, "text": text} if line else text)
        self.line = line


class TemplateFailed(TemplateError):
    """It went wrong with these values, or cost too much."""


class Compiled:
    """A template that was accepted. ``html``: what it inserts is escaped."""

    def __init__(self, template: Template, *, html: bool) -> None:
        self._template, self._html = template, html

    def render(self, values: Mapping[str, Any]) -> str:
        """The text with ``values``, which are plain data. Raises TemplateFailed, after a bounded time."""
        try:
            return self._template.render(_Bounded(values, autoescape=self._html, use_l10n=False, use_tz=False))
        except TemplateError:
            raise
        except Exception as error:  # whatever it is, the caller has a text of its own to send
            raise TemplateFailed(f"{type(error).__name__}: {error}"[:200]) from error


def accept(source: str, *, names: Collection[str], longest: int, html: bool = False) -> Compiled:
    """Compile ``source``, which may use the values ``names``. Raises TemplateRefused."""
    if len(source) > longest:
        raise TemplateRefused(_("It has %(n)s characters; %(longest)s are allowed.") % {"n": len(source), "longest": longest})
    if "\0" in source:
        raise TemplateRefused(_("It holds a character that cannot be stored (NUL)."))
    if sum(map(source.count, ("{%", "{{", "{#"))) > MOST_TAGS:
        raise TemplateRefused(_("It has more than %(n)s tags and values.") % {"n": MOST_TAGS})
    try:
        return Compiled(_Template(source, names), html=html)
    except TemplateSyntaxError as error:
        line = getattr(getattr(error, "token", None), "lineno", 0)
        raise TemplateRefused(str(error).replace(f" on line {line}", ""), line=line) from None
    except (RecursionError, ValueError, OverflowError) as error:
        raise TemplateRefused(_("It cannot be read (%(error)s).") % {"error": type(error).__name__}) from None


class _Bounded(Context):
    """Values, and how much may still be done with them."""

    steps, characters = MOST_STEPS, MOST_CHARACTERS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.until = time.thread_time() + LONGEST_SECONDS

    def spend(self, *, steps: int = 0, characters: int = 0) -> None:
        """Raises TemplateFailed when it was too much."""
        self.steps -= steps
        self.characters -= characters
        if self.steps < 0:
            raise TemplateFailed(gettext_lazy("it does too much: loops take too many turns, or filters too long texts"))
        if self.characters < 0:
            raise TemplateFailed(format_lazy(gettext_lazy("it writes more than {n} characters"), n=MOST_CHARACTERS))
        if time.thread_time() > self.until:
            raise TemplateFailed(format_lazy(gettext_lazy("it takes more than {n} s of work"), n=LONGEST_SECONDS))


class _Plain(Variable):
    """A value that is looked up in dictionaries and lists, and nowhere else."""

    def _resolve_lookup(self, context: Context) -> Any:
        found: Any = context
        for place, name in enumerate(self.lookups or ()):
            if place == 0 or (isinstance(found, Mapping) and name in found):
                found = found.get(name)
            elif isinstance(found, Mapping) and name == "items":
                found = list(found.items())
            elif isinstance(found, list | tuple) and name.isdecimal() and len(name) < 6 and int(name) < len(found):
                found = found[int(name)]
            else:
                raise VariableDoesNotExist("there is no %s", (name,))
        return found


class _Purse:
    """An argument of `_pay`: what may still be spent."""

    @staticmethod
    def resolve(context: _Bounded) -> _Bounded:
        """Where it is counted."""
        return context


class _Counted:
    """What a loop goes over: its turns are paid for before the first one."""

    def __init__(self, sequence: FilterExpression) -> None:
        self._sequence = sequence

    def resolve(self, context: _Bounded, ignore_failures: bool = False) -> list[Any]:
        """The items: of a list, the names of a dictionary, or the letters of a text."""
        found = self._sequence.resolve(context, ignore_failures)
        items = list(found) if isinstance(found, list | tuple | Mapping | str) else []
        context.spend(steps=len(items))
        return items


class _Parser(Parser):
    """Django's parser with the names that are known, a depth, and nodes that count what they cost."""

    def __init__(self, tokens: list[Token], builtins: list[Library], origin: Origin, names: Collection[str]) -> None:
        super().__init__(tokens, {}, builtins, origin)
        self._names: list[Collection[str]] = [names, _KNOWN]
        self._depth = 0

    def parse(self, parse_until: Iterable[str] | None = None) -> NodeList:
        """As Django's, not deeper than DEEPEST."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise TemplateSyntaxError(_("Tags stand inside of each other more than %(n)s deep.") % {"n": DEEPEST})
        found = super().parse(parse_until)
        self._depth -= 1
        return found

    def next_token(self) -> Token:
        """As Django's, not longer than LONGEST_TAG."""
        token = super().next_token()
        if token.token_type.value and len(token.contents) > LONGEST_TAG:
            raise self.error(token, _("A tag is longer than %(n)s characters.") % {"n": LONGEST_TAG})
        if not token.token_type.value and ("{{" in token.contents or "{%" in token.contents):
            raise self.error(token, _("A tag or a value is opened and not closed on its line."))
        return token

    def compile_filter(self, token: str) -> FilterExpression:
        """As Django's, with values that are plain and known."""
        found = FilterExpression(token, self)
        if isinstance(found.var, Variable):
            found.var = self._plain(found.var)
        paid: list[Any] = []
        for call, args in found.filters:
            pay = _pay_text if call.__name__ in OF_TEXTS else _pay
            paid += [(pay, [(True, _Purse)]), (call, [self._argument(argument) for argument in args])]
        found.filters = paid
        return found

    def find_filter(self, filter_name: str) -> Callable[..., Any]:
        """As Django's, with a helpful refusal."""
        if filter_name not in self.filters:
            raise TemplateSyntaxError(
                _("There is no filter “%(name)s” here. Use one of: %(known)s.") % {"name": filter_name[:40], "known": ", ".join(FILTERS)}
            )
        return self.filters[filter_name]  # type: ignore[no-any-return]

    def invalid_block_tag(self, token: Token, command: str, parse_until: Any = None) -> None:
        """As Django's, with a helpful refusal."""
        wanted = _(" Here %(tags)s is missing.") % {"tags": _(" or ").join(parse_until)} if parse_until else ""
        raise self.error(
            token,
            _("The tag “%(name)s” cannot be used here. Use: %(known)s.%(wanted)s")
            % {"name": command[:40], "known": ", ".join(TAGS), "wanted": wanted},
        )

    def extend_nodelist(self, nodelist: NodeList, node: Node, token: Token) -> None:
        """As Django's; the node counts what it costs."""
        super().extend_nodelist(nodelist, node, token)
        node.render_annotated = partial(_counted, node)  # type: ignore[method-assign]

    @contextmanager
    def knowing(self, names: Collection[str]) -> Iterator[None]:
        """Inside, ``names`` are known too."""
        self._names.append(names)
        yield
        self._names.pop()

    def _argument(self, argument: tuple[bool, Any]) -> tuple[bool, Any]:
        is_value, value = argument
        return is_value, self._plain(value) if is_value else value

    def _plain(self, value: Variable) -> Variable:
        name = value.lookups[0] if value.lookups else None
        if name is not None and not any(name in known for known in self._names):
            raise TemplateSyntaxError(
                _("There is no value “%(name)s”. Use one of: %(known)s.") % {"name": name[:40], "known": ", ".join(sorted(self._names[0]))}
            )
        return _Plain(value.var)


class _Template(Template):
    def __init__(self, source: str, names: Collection[str]) -> None:
        self._names = names
        super().__init__(source, engine=_engine())

    def compile_nodelist(self) -> NodeList:
        """With the parser of this module."""
        return _Parser(Lexer(self.source).tokenize(), self.engine.template_builtins, self.origin, self._names).parse()


class _Engine(Engine):
    default_builtins: ClassVar[Any] = []


@cache
def _engine() -> Engine:
    engine = _Engine(loaders=[])
    engine.template_builtins = [_library()]
    return engine


def _library() -> Library:
    known = Library()
    known.tags = {"if": do_if, "for": _for, "with": _with, "spaceless": spaceless, "comment": comment}
    known.filters = {name: _short(defaultfilters.register.filters[name]) for name in FILTERS} | {"join": _short(_join)}
    return known


def _for(parser: _Parser, token: Token) -> ForNode:
    words = token.split_contents()
    before = words[1 : words.index("in")] if "in" in words else words[1:]
    with parser.knowing({name for word in before for name in word.split(",")}):
        node: ForNode = do_for(parser, token)
    node.sequence = _Counted(node.sequence)  # type: ignore[assignment, arg-type]
    return node


def _with(parser: _Parser, token: Token) -> Node:
    words = token.split_contents()
    with parser.knowing({word.partition("=")[0] for word in words if "=" in word} | ({words[-1]} if "as" in words else set())):
        return do_with(parser, token)


def _join(value: Any, between: Any, autoescape: bool = True) -> Any:
    """The first hundred items, each cut: a condition that joins in a loop must not cost much either."""
    items = [str(item)[:100] for item in list(value)[:100] if not isinstance(item, Mapping)] if isinstance(value, list | tuple) else []
    return defaultfilters.join(items, str(between)[:20], autoescape)


_join.is_safe = _join.needs_autoescape = True  # type: ignore[attr-defined]


def _pay(value: Any, purse: _Bounded) -> Any:
    """``value``, for which the next filter is paid: a condition writes nothing, however long the texts are that it makes."""
    purse.spend(steps=1 + (len(value) // CHARACTERS_PER_STEP if isinstance(value, str) else 0))
    return value


def _pay_text(value: Any, purse: _Bounded) -> Any:
    """As `_pay`, for a filter that makes a text of whatever it is given, however much that holds."""
    purse.spend(steps=1 + len(str(value)) // CHARACTERS_PER_STEP)
    return value


def _counted(node: Node, context: _Bounded) -> str:
    context.spend(steps=1)
    text = node.render(context)
    context.spend(characters=len(text))
    return text


def _short(call: Callable[..., Any]) -> Callable[..., Any]:
    """``call``, which refuses to make a very long text."""

    @wraps(call)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        made = call(*args, **kwargs)
        if isinstance(made, str) and len(made) > LONGEST_VALUE:
            raise TemplateFailed(format_lazy(gettext_lazy("one value is longer than {n} characters"), n=LONGEST_VALUE))
        return made

    return bounded
