"""Who is changing configuration: the caller of a request. Told to sentinel_site/lib/configuration.py."""

from collections.abc import Callable
from typing import Final

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sentinel_site import auth
from sentinel_site.lib import configuration
from sentinel_site.lib.configuration import Acting, Via
from sentinel_site.models import ApiKey

PLACES: Final = (("/admin/", Via.ADMIN), ("/api/", Via.REST), ("/integrations/", Via.INTEGRATION))


def by_web(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, after authentication: within a request, changes of configuration are its caller's."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        with configuration.acting(_caller(request)):
            return get_response(request)

    return answered


def _caller(request: HttpRequest) -> Acting:
    """Asked when there is something to put down: a key is checked only inside of the view."""
    via = next((via for place, via in PLACES if request.path.startswith(place)), Via.PAGE)
    if via is Via.REST and not _key(request):
        via = Via.PAGE  # a page asks with the session of whoever looks at it
    checked = via in (Via.REST, Via.INTEGRATION)  # pages and the admin do not look at a key: anybody may send any along
    where = (lambda: _named_key(request)) if checked else (lambda: "")
    return Acting(via, by=lambda: _user(request), where=where, address=lambda: auth.address_of(request))


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) and request.user.is_authenticated else None


def _key(request: HttpRequest) -> str:
    return auth.key_text(authorization=request.headers.get("Authorization", ""), x_api_key=request.headers.get("X-Api-Key", ""))


def _named_key(request: HttpRequest) -> str:
    """The API key as the admin lists it; empty where none was sent. It was found good before anything was changed."""
    prefix = auth.prefix_of(_key(request))
    return "" if prefix is None else "API key " + ", ".join(str(key) for key in ApiKey.objects.filter(prefix=prefix))
