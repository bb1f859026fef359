"""The one question every API edge asks: may this caller do that?"""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.http import HttpRequest

from sentinel_site.lib.problems import Problem


def require(request: HttpRequest, permission: str) -> None:
    """Raise a 403 Problem unless the caller has ``permission`` ("alerts.view_alert")."""
    if not allowed(request.user, permission):
        raise Problem(
            403, f"This needs the permission {permission}. Ask an administrator to put {_name(request.user)} into a group that has it."
        )


def allowed(user: AbstractBaseUser | AnonymousUser, permission: str) -> bool:
    """Whether ``user`` has ``permission``; nobody who is not active has any."""
    return isinstance(user, PermissionsMixin | AnonymousUser) and user.has_perm(permission)


def _name(user: AbstractBaseUser | AnonymousUser) -> str:
    return user.get_username() or "this user"
