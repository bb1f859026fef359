"""What operators configure in the composition, for the history of changes: who may do what."""

from django.contrib.auth.models import Group, User

from sentinel_site.lib.configuration import declare
from sentinel_site.models import ApiKey

declare(
    User,
    (
        "username", "first_name", "last_name", "email", "password", "is_active", "is_staff", "is_superuser", "groups", "user_permissions",
    ),
    engine=("last_login", "date_joined"),
    secrets=("password",),
)  # fmt: skip
declare(Group, ("name", "permissions"))
declare(
    ApiKey, ("user", "name", "expires_at", "revoked_at"), engine=("prefix", "digest", "created_at", "last_used_at"), within=("user",)
)  # fmt: skip
