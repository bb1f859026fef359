"""Routes that do nothing, or not what they were made for, and sources that no route expects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts import routing
from alerts.linting import logic
from alerts.linting.finding import Finding, Level, things
from alerts.linting.setup import Setup, read_matchers, written
from alerts.models import Route, Source
from notifications.hours import Hours
from sentinel_site.lib.matchers import Matcher

_SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class _Read:
    """A route and what it asks: its matchers, with its source among them."""

    route: Route
    asks: tuple[Matcher, ...]
    hours: Hours | None

    @property
    def ends(self) -> bool:
        """Whether nothing after it is asked about what it matches."""
        return self.route.policy_id is not None and not self.route.continues


def find(setup: Setup) -> Iterator[Finding]:
    """Everything that is wrong with the routes of ``setup``."""
    if not any(route.catch_all for route in setup.routes):
        text = _("There is no catch-all route, so reports may find no policy.")
        yield Finding("no-catch-all", Level.ERROR, text, _("Run `manage.py bootstrap`, which makes it again."))
    before: list[_Read] = []
    for route in setup.routes:
        asks = read_matchers(route.matchers)
        if asks is None:
            text = _("The route %(route)s has a condition that cannot be read, and is left out.") % {"route": route}
            yield Finding("route-unreadable", Level.ERROR, text, _("Write its conditions anew."), things(route))
            continue
        own = (Matcher("source", "=", route.source.slug),) if route.source else ()
        read = _Read(route, (*own, *asks), routing.hours_of(route))
        yield from _of_route(read, before, setup)
        before.append(read)
    yield from _sources(setup, before)


def _of_route(read: _Read, before: Sequence[_Read], setup: Setup) -> Iterator[Finding]:
    route = read.route
    if route.policy_id is None and route.priority is None:
        text = _("The route %(route)s changes nothing: it has no policy and no priority.") % {"route": route}
        yield Finding("route-idle", Level.WARNING, text, _("Give it one, or delete it."), things(route))
    against = logic.impossible(read.asks, setup.domain)
    if against:
        text = _("The route %(route)s never matches: %(why)s.") % {"route": route, "why": _why(against, setup)}
        yield Finding("route-impossible", Level.WARNING, text, _("Correct its conditions, or delete it."), things(route))
    elif not route.catch_all and (over := _shadows(read, before, setup)):
        names = _(" and ").join(_("“%(name)s”") % {"name": each} for each in over)
        said = ngettext(
            "The route %(route)s is never asked: %(names)s takes everything it would match.",
            "The route %(route)s is never asked: %(names)s take everything it would match.",
            len(over),
        )
        text = said % {"route": route, "names": names}
        fix = _("Move it before that one, make one of them narrower, or delete it.")
        yield Finding("route-shadowed", Level.WARNING, text, fix, things(route, *over))


def _why(against: Sequence[Matcher], setup: Setup) -> str:
    if len(against) == 1 and against[0].operator == "=" and against[0].name in setup.domain:
        source = against[0].name == "source"
        said = _("no source that may report is called %(name)s") if source else _("no severity is called %(name)s")
        return said % {"name": against[0].value}
    return _("nothing fulfils %(what)s") % {"what": written(against)}


def _shadows(read: _Read, before: Sequence[_Read], setup: Setup) -> list[Route]:
    """The earlier routes that leave nothing to this one; none when something is left.

    They may share it by severity: one takes the critical ones, another the rest.
    """
    left = set(logic.values(read.asks, _SEVERITY, setup.domain) or ())
    found = []
    for earlier in before:
        if not earlier.ends or earlier.hours not in (None, read.hours):
            continue
        others = [each for each in earlier.asks if each.name != _SEVERITY]
        taken = left.intersection(logic.values(earlier.asks, _SEVERITY, setup.domain) or ())
        if taken and logic.imply_all(read.asks, others, setup.domain):
            left -= taken
            found.append(earlier.route)
        if not left:
            return found
    return []


def _sources(setup: Setup, reads: Sequence[_Read]) -> Iterator[Finding]:
    """The sources whose usual reports only the catch-all takes."""
    named = [read.asks for read in reads if not read.route.catch_all and read.route.policy_id is not None]
    for source in setup.reporting:
        if source.policy_id is None and not any(_may_take(asks, source) for asks in named):
            said = _(
                "No route expects the source %(source)s, and it has no policy of its own: what it usually reports goes to the catch-all."
            )
            fix = _("Give it a policy or a route, if the catch-all is not enough.")
            yield Finding("source-unrouted", Level.NOTICE, said % {"source": source}, fix, things(source))


def _may_take(asks: Sequence[Matcher], source: Source) -> bool:
    """Whether a route may take a report of ``source`` in its own severity."""
    labels = {"source": source.slug, _SEVERITY: source.severity}
    return all(each.holds(labels) for each in asks if each.name in labels)
