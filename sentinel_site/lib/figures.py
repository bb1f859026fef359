"""Numbers as the reader writes them: ``1,234.5`` or ``1 234,5``, in the language that is switched on."""

from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _


def number(value: float, digits: int | None = None) -> str:
    """``value`` with ``digits`` behind the point; None: as many as it has, at the most six."""
    if digits is None:
        digits = len(f"{value:.6f}".rstrip("0").partition(".")[2])
    rounded = Decimal(f"{value:.{digits}f}")  # Django itself cuts off what is too much, and does not round
    return str(formats.number_format(rounded, digits, use_l10n=True, force_grouping=True))


def percent(share: float) -> str:
    """``87%`` or ``87 %``."""
    return _("%(figure)s%%") % {"figure": number(share * 100, 0)}
