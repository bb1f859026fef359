"""Pages for people who are signed in and may see them."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def shown_to(*permissions: str) -> Callable[[View], View]:
    """A page that changes nothing and is kept by nobody, for who has all ``permissions``: others sign in first (302), or get 403."""

    def decorate(view: View) -> View:
        guarded: View = require_safe(never_cache(login_required(permission_required(permissions, raise_exception=True)(view))))
        return guarded

    return decorate
