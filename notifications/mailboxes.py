"""Addresses that are told of something by name alone, and not as a person's contact method: each is a recipient of its own.

So everything that holds for people holds for them: storms, dead addresses, the message that it is over. An address that somebody
has as a contact method already is that person.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from notifications.enums import Transport
from notifications.models import ContactMethod, Recipient
from sentinel_site.lib import crypto

LABEL: Final = "Named where something is watched"


def recipients(addresses: Collection[str]) -> dict[str, str]:
    """The recipient (id) of each e-mail address; one is made where there is none. Any number of callers at once make one.

    Somebody inactive, or whose address is dead, stays so: then nothing is sent there.
    """
    digests = {crypto.digest(address, purpose="address"): address for address in addresses}
    people = _known(digests)
    if fresh := [digest for digest in digests if digest not in people]:
        _make({digest: digests[digest] for digest in fresh})
        people |= {digest: _own_id(digest) for digest in fresh}
    return {digests[digest]: str(pk) for digest, pk in people.items()}


def _known(digests: Collection[str]) -> dict[str, UUID]:
    """By whom these addresses can be reached: somebody who uses it goes before the address itself."""
    found = ContactMethod.objects.filter(kind=Transport.EMAIL, address_digest__in=digests, recipient__active=True, verified=True)
    people = {method.address_digest: method.recipient_id for method in found.defer("address", "secret").order_by("-id") if method.usable}
    return {digest: pk for digest, pk in people.items() if pk is not None}


def _make(wanted: dict[str, str]) -> None:
    """Their ids follow from the address: whoever makes one a second time makes nothing."""
    Recipient.objects.bulk_create([Recipient(pk=_own_id(digest), name=address[:120]) for digest, address in wanted.items()],
                                  ignore_conflicts=True)  # fmt: skip
    ContactMethod.objects.bulk_create(
        [
            ContactMethod(recipient_id=_own_id(digest), kind=Transport.EMAIL, address=address, address_digest=digest, verified=True,
                          label=LABEL)
            for digest, address in wanted.items()
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _own_id(digest: str) -> UUID:
    return UUID(digest[:32])
