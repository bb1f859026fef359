"""The one question every edge asks: may this caller do that?"""

from typing import cast

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin, User
from django.http import HttpRequest
from django.utils.translation import gettext as _

from sentinel_site.lib.problems import Problem


def require(request: HttpRequest, permission: str) -> User:
    """The caller, who has ``permission`` ("alerts.view_alert"). Raises a 403 Problem."""
    require_of(request.user, permission)
    return caller(request)


def require_of(user: AbstractBaseUser | AnonymousUser, permission: str) -> None:
    """Raises a 403 Problem unless ``user`` has ``permission``."""
    if not allowed(user, permission):
        text = _("This needs the permission %(permission)s. Ask an administrator to put %(user)s into a group that has it.")
        raise Problem(403, text % {"permission": permission, "user": _name(user)})


def caller(request: HttpRequest) -> User:
    """The user who calls; authentication has made sure that there is one."""
    return cast(User, request.user)


def allowed(user: AbstractBaseUser | AnonymousUser, permission: str) -> bool:
    """Whether ``user`` has ``permission``; nobody who is not active has any."""
    return isinstance(user, PermissionsMixin | AnonymousUser) and user.has_perm(permission)


def _name(user: AbstractBaseUser | AnonymousUser) -> str:
    return user.get_username() or "this user"
