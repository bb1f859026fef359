"""The door for any JSON: read by the mapping that is named in the path. Mounted at /integrations/json/<slug> by the composition."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from alerts import mappings
from alerts.incoming import arriving, mapped
from alerts.incoming.arriving import Message
from alerts.integrations import incoming
from alerts.models import ReportMapping
from sentinel_site.lib.problems import answer, not_found


def json_message(request: HttpRequest, mapping: str) -> HttpResponse:
    """One message, read by the mapping called ``mapping``. What cannot be read is kept and told to people."""
    found = mappings.rows().filter(slug=mapping, enabled=True).first()
    if found is None:
        return answer(not_found(f"No enabled mapping is called {mapping[:60]!r}; create it under Mappings in the admin."))
    return incoming.spoken(found.source.slug, "POST", "PUT")(_door(found))(request)


def _door(found: ReportMapping) -> incoming.Door:
    def door(message: Message) -> HttpResponse:
        with translation.override(None):  # what is wrong with it is kept with the report, and told
            items = mapped.read(mappings.values_of(found, message.source), message.json(), at=timezone.now())
        return incoming.done(message, arriving.take(message, items))

    return door
