"""What can be done to many API keys at once."""

from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sentinel_site.lib import configuration
from sentinel_site.lib.bulk import Deed, Params
from sentinel_site.models import ApiKey


def _revoke(key: ApiKey, _by: User, at: datetime, _said: Params) -> None:
    living = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
    with configuration.changing(living):
        living.update(revoked_at=at)


def _revoked(key: Any, _by: User) -> str:
    return _("It is revoked already.") if key.revoked_at else ""


REVOKE: Final = Deed(
    "sentinel_site.revoke_ticked", "sentinel_site.ApiKey", "sentinel_site.change_apikey", gettext_lazy("Revoke"),
    gettext_lazy("These keys stop working within a second, for good: whatever reports with them is refused."), _revoke, _revoked,
    related=("user",), log="revoked",
)  # fmt: skip
DEEDS: Final = (REVOKE,)
