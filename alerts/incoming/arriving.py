"""A message from outside on its way in: whose it is, whether it is signed, what became of it. The doors are in integrations/incoming.py."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.auth.models import User

from alerts import foreign, intake, routing
from alerts.alertmanager import Posted
from alerts.enums import OPEN, Verdict
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.incoming import contract, signatures, taking
from alerts.incoming.alertmanager_webhook import Webhook
from alerts.incoming.contract import Incoming
from alerts.incoming.taking import Taken
from alerts.models import Alert
from sentinel_site.lib.crypto import UndecryptableError
from sentinel_site.lib.problems import Problem

MAX_KEPT_BODY: Final = 20_000
"""Characters of a message that nobody could read."""


class Message(NamedTuple):
    """What came in, for which source, and who sent it."""

    source: str
    source_id: int
    body: bytes
    headers: Mapping[str, str]
    by: User
    at: datetime

    def json(self) -> Any:
        """The body as JSON. Raises FormatError."""
        return contract.read_json(self.body)


def message(slug: str, body: bytes, headers: Mapping[str, str], *, by: Any, at: datetime) -> Message:
    """A message for the source ``slug``. Raises a 404 Problem, after keeping the message, when there is no such source."""
    source = routing.table().sources.get(slug)
    found = Message(slug, source.pk if source else 0, body, headers, by, at)
    if source is None:
        text = f"no enabled source is called {slug[:60]!r}; create it under Sources in the admin"
        refuse(found, text)
        raise Problem(404, text[0].upper() + text[1:])
    return found


def check(message: Message) -> None:
    """Raise SignatureError when its source has a secret and the message is not signed with it."""
    try:
        secret = signatures.secret_of(message.source_id)
    except UndecryptableError:
        refuse(message, "the source's secret cannot be decrypted; set it again")
        raise Problem(503, "The secret of this source cannot be read; see `manage.py doctor`.", headers={"Retry-After": "60"}) from None
    if secret:
        signatures.check(secret, message.headers, message.body, at=message.at)


def refuse(message: Message, why: str, *, keep_body: bool = True) -> None:
    """Keep what cannot be taken, and tell people that something was refused. What is not signed is not kept."""
    said = contract.kept(message.body)[:MAX_KEPT_BODY] if keep_body else contract.NOT_KEPT
    intake.refuse(
        slug=contract.cleaned(message.source), subject="", errors=[("body", why)], raw=contract.raw({"body": said}),
        at=message.at, by_id=message.by.pk,
    )  # fmt: skip


def take(message: Message, items: Sequence[Incoming]) -> dict[str, int]:
    """Do what the items say. Returns how many had which verdict."""
    return _counted(taking.take(items, at=message.at, by=message.by))


def take_webhook(message: Message, webhook: Webhook) -> dict[str, int]:
    """Activities that are sent again and again until they are over, and everything else in the message."""
    known = _open_alerts(message, webhook.posted)
    anothers = foreign.anothers(webhook.posted, source_id=message.source_id, by=message.by, at=message.at)
    mine = [each for each in webhook.posted if each.label_hash not in anothers]
    became = foreign.take_each(
        mine, source=message.source, source_id=message.source_id, at=message.at, by_id=message.by.pk
    ) if mine else {}  # fmt: skip
    taken = [_kept(message, each, became.get(each.label_hash), known.get(each.dedup_key)) for each in webhook.posted]
    return _counted([*taken, *taking.take(webhook.items, at=message.at, by=message.by)])


def _open_alerts(message: Message, posted: Sequence[Posted]) -> dict[str, UUID]:
    """The open alerts of these activities, by dedup key."""
    keys = [each.dedup_key for each in posted]
    rows = Alert.objects.filter(source_id=message.source_id, dedup_key__in=keys, status__in=OPEN)
    return dict(rows.values_list("dedup_key", "pk"))


def _kept(message: Message, posted: Posted, became: foreign.Became | InvalidReport | None, alert_id: UUID | None) -> Taken:
    """The report of an activity, where intake keeps none."""
    if isinstance(became, InvalidReport):
        intake.refuse(slug=message.source, subject="", errors=became.errors, raw=posted.raw, at=message.at, by_id=message.by.pk)
        return Taken(Verdict.REJECTED)
    if became == foreign.Became.RAISED:
        return Taken(Verdict.ACCEPTED)
    verdict, why = KEPT[became]
    taken = Taken(verdict, alert_id, why)
    taking.keep(NewReport(message.source, title="", raw=posted.raw), taken, at=message.at, by=message.by)
    return taken


KEPT: Final[Mapping[foreign.Became | None, tuple[Verdict, str]]] = {
    foreign.Became.RENEWED: (Verdict.FOLDED, "it still fires"),
    foreign.Became.ENDED: (Verdict.APPLIED, foreign.OVER),
    foreign.Became.NOTHING: (Verdict.DROPPED, "it was over already, or never known"),
    None: (Verdict.DROPPED, taking.NOT_YOURS),
}


def _counted(taken: Sequence[Taken]) -> dict[str, int]:
    return dict(Counter(each.verdict.value for each in taken))
