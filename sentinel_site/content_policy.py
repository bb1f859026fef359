"""The content security policy is strict everywhere; the admin's own scripts need two exceptions, and only the admin gets them."""

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin


class RelaxForAdmin(MiddlewareMixin):
    """Lets pages under the admin evaluate expressions (Alpine) and style inline. Stands after CSPMiddleware in the settings."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Widen the policy of an admin page, except where a view set its own; every other response keeps the strict one."""
        if request.path.startswith(reverse("admin:index")):
            own = getattr(response, "_csp_replace", {})
            wider = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
            response._csp_update = {name: value for name, value in wider.items() if name not in own}  # type: ignore[attr-defined]
        return response
