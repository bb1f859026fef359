"""Request bodies, before anything is made of them."""

from typing import Final

from django.http import HttpRequest

from sentinel_site.lib.problems import Problem

JSON_TYPES: Final = ("application/json", "text/json")


def json_bytes(request: HttpRequest) -> bytes:
    """The body of a request that must be JSON. Raises a 415 Problem for another media type and RequestDataTooBig.

    No Content-Type is taken as JSON: small devices often send none.
    """
    media_type = (request.content_type or "").lower()
    if media_type and media_type not in JSON_TYPES and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise Problem(415, f"This takes JSON, not {media_type[:80]}. Send it with Content-Type: application/json.")
    return request.body
