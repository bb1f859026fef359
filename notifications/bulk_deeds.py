"""What can be done to many contact methods at once."""

from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications import proofs, transports
from notifications.models import ContactMethod
from sentinel_site.lib import configuration
from sentinel_site.lib.bulk import Deed, Params
from sentinel_site.lib.problems import Problem

CHANGE: Final = "notifications.change_contactmethod"
METHOD: Final = "notifications.ContactMethod"


def _enable(method: ContactMethod, _by: User, _at: datetime, _said: Params) -> None:
    rows = ContactMethod.objects.filter(pk=method.pk)
    with configuration.changing(rows):
        rows.update(disabled_at=None, disabled_reason="")


def _enabled(method: ContactMethod, _by: User) -> str:
    return "" if method.disabled_at else _("It is not switched off.")


def _test(method: ContactMethod, _by: User, at: datetime, _said: Params) -> None:
    proofs.ask(method, at=at)


def _unusable(method: ContactMethod, _by: User) -> str:
    if not method.usable:
        return _("It is not verified, not active, or switched off.")
    return transports.missing(method.kind) or ""


ENABLE: Final = Deed(
    "notifications.enable_ticked", METHOD, CHANGE, gettext_lazy("Enable again"),
    gettext_lazy("Sentinel switched them off because their addresses were gone. Do this when you know that they are back."),
    _enable, _enabled, related=("recipient", "group"), log="enabled again",
)  # fmt: skip
TEST: Final = Deed(
    "notifications.test_ticked", METHOD, CHANGE, gettext_lazy("Send a test message"),
    gettext_lazy("Each gets a message at once that asks whoever gets it to confirm. Quiet hours do not hold it back."),
    _test, _unusable, (Problem,), slow=True, related=("recipient", "group"),
)  # fmt: skip
DEEDS: Final = (ENABLE, TEST)
