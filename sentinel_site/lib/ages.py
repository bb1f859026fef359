"""Lengths of time for pages, in the language of who reads; `spans` says them in English, for logs, REST and commands."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from sentinel_site.lib import spans


def length(of: timedelta) -> str:
    """As `spans.span`: ``3 min``, and ``9 d`` or ``9 j``."""
    return spans.span(of).replace(" d", _(" d"))


def precise(seconds: int) -> str:
    """As `spans.exact`: ``1 h 30 min``."""
    return spans.exact(seconds).replace(" d", _(" d"))


def ago(instant: datetime, *, at: datetime) -> str:
    """``3 min ago``."""
    return _("%(length)s ago") % {"length": length(at - instant)}


def until(instant: datetime, *, at: datetime) -> str:
    """``in 3 min``, or ``3 min overdue``."""
    said = _("in %(length)s") if instant >= at else _("%(length)s overdue")
    return said % {"length": length(abs(instant - at))}
