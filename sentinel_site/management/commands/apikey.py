"""`manage.py apikey create|list|revoke`: the keys by which programs and phones act as a user."""

from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from sentinel_site.lib import configuration
from sentinel_site.models import ApiKey


class Command(BaseCommand):
    """Makes, lists and revokes API keys."""

    help = "Make, list and revoke API keys. A key acts as its user and is shown once."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command each."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a key and print it, and nothing else")
        create.add_argument("--user", required=True, help="user name")
        create.add_argument("--name", required=True, help="what the key is for")
        create.add_argument("--group", help="make the user, in this group, if there is none: Ingest, Agent, Responder ...")
        create.add_argument("--expires-days", type=int, help="after this many days it is refused")
        actions.add_parser("list", help="every key, without its secret")
        revoke = actions.add_parser("revoke", help="refuse a key from now on")
        revoke.add_argument("prefix", help="the eight characters after snt_")

    def handle(self, *_args: object, **options: object) -> None:
        """Do what was asked."""
        {"create": self._create, "list": self._list, "revoke": self._revoke}[str(options["action"])](options)

    def _create(self, options: dict[str, object]) -> None:
        user = User.objects.filter(username=options["user"]).first() or self._new_user(str(options["user"]), options["group"])
        with transaction.atomic():
            key, text = ApiKey.issue(user=user, name=str(options["name"])[:80])
            if isinstance(options["expires_days"], int):
                key.expires_at = key.created_at + timedelta(days=options["expires_days"])
                key.save(update_fields=["expires_at"])
        self.stdout.write(text)

    def _new_user(self, name: str, group: object) -> User:
        if not group:
            raise CommandError(f"There is no user {name}. Name one that exists, or add --group Ingest to make it.")
        found = Group.objects.filter(name=group).first()
        if found is None:
            known = ", ".join(Group.objects.order_by("name").values_list("name", flat=True))
            raise CommandError(f"There is no group {group}. There are: {known}.")
        user = User.objects.create_user(name)
        user.groups.add(found)
        return user

    def _list(self, _options: dict[str, object]) -> None:
        at = timezone.now()
        for key in ApiKey.objects.select_related("user").order_by("user__username", "created_at"):
            over = key.expires_at is not None and key.expires_at <= at
            state = "revoked" if key.revoked_at else "expired" if over else "valid"
            used = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            self.stdout.write(f"snt_{key.prefix}  {state:8} {key.user.get_username():20} {key.name}  ({used})")

    def _revoke(self, options: dict[str, object]) -> None:
        prefix = str(options["prefix"]).removeprefix("snt_")[:8]
        living = ApiKey.objects.filter(prefix=prefix, revoked_at=None)
        with configuration.changing(living):
            changed = living.update(revoked_at=timezone.now())
        if not changed:
            raise CommandError(f"There is no valid key snt_{prefix}. `manage.py apikey list` shows all.")
        self.stdout.write(f"snt_{prefix} is refused from now on.")
