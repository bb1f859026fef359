"""Contact methods as REST writes and shows them: whose they are, who may touch them, and what an address must look like.

An Administrator (notifications.verify_contactmethod) may say that an address is verified. A person without any right may
keep methods of his own, which stay unverified until a code proves them (verification.py): nothing else is sent to them before.
"""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pydantic import BaseModel, Field, StringConstraints, model_validator

from notifications import apprise_urls, web_push
from notifications.enums import PushKind, Transport
from notifications.models import ContactMethod, Recipient, RecipientGroup
from notifications.transports import slack
from sentinel_site.lib import crypto, telephone
from sentinel_site.lib.crud import STRICT, unknown
from sentinel_site.lib.problems import Problem, invalid

VERIFY: Final = "notifications.verify_contactmethod"
_SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{16,200}={0,2}", re.A)
_URL: Final = re.compile(r"https?://[^\s/@\\]+(/\S*)?", re.I)


class MethodForm(BaseModel):
    """One way to reach one recipient, or one group as a whole: name exactly one. ``secret`` is never shown again."""

    model_config = STRICT

    recipient: UUID | None = None
    group: Annotated[str | None, Field(description="The slug of a recipient group.")] = None
    kind: Transport
    address: Annotated[str, StringConstraints(min_length=1, max_length=4096, strip_whitespace=True)]
    secret: Annotated[str | None, StringConstraints(max_length=300)] = None
    label: Annotated[str, StringConstraints(max_length=80)] = ""
    order: Annotated[int, Field(ge=0, le=32_767)] = 1
    verified: bool | None = None
    active: bool = True

    @model_validator(mode="after")
    def _one_owner(self) -> "MethodForm":
        if (self.recipient is None) == (self.group is None):
            raise ValueError("name exactly one owner: recipient or group")
        return self


class MethodShape(BaseModel):
    """A contact method; its address is masked."""

    id: str
    recipient: str | None
    group: str | None
    kind: str
    address: str
    label: str
    order: int
    verified: bool
    active: bool
    disabled_at: str | None
    disabled_reason: str | None
    proved_at: str | None


def visible(user: User, verb: str) -> QuerySet[ContactMethod]:
    """The methods ``user`` may ``verb`` (view, change, delete): all of them, or those of the recipient who is this user."""
    rows = ContactMethod.objects.select_related("recipient", "group")
    return rows if user.has_perm(f"notifications.{verb}_contactmethod") else rows.filter(recipient__user=user)


def describe_method(method: ContactMethod) -> dict[str, Any]:
    """A contact method as api.md shows it: the address masked, the secret left out."""
    return {
        "id": str(method.pk),
        "recipient": str(method.recipient_id) if method.recipient_id else None,
        "group": method.group.slug if method.group else None,
        "kind": method.kind,
        "address": method.masked,
        "label": method.label,
        "order": method.order,
        "verified": method.verified,
        "active": method.active,
        "disabled_at": method.disabled_at.isoformat() if method.disabled_at else None,
        "disabled_reason": method.disabled_reason or None,
        "proved_at": method.proved_at.isoformat() if method.proved_at else None,
    }


def form_of(method: ContactMethod) -> dict[str, Any]:
    """The method's present values, as its form takes them."""
    return {
        "recipient": method.recipient_id,
        "group": method.group.slug if method.group else None,
        "kind": method.kind,
        "address": method.address,
        "secret": method.secret or None,
        "label": method.label,
        "order": method.order,
        "active": method.active,
    }


def save_method(method: ContactMethod, form: MethodForm, by: User) -> None:
    """Write ``form`` onto ``method``. Raises a Problem: 422 for what cannot be, 403 for what ``by`` may not do.

    A changed address is unverified again unless ``by`` may verify and says so, and is tried again when the old one was dead.
    """
    owner, group = _owner(form)
    verb = "add" if method._state.adding else "change"
    if not by.has_perm(f"notifications.{verb}_contactmethod") and (owner is None or owner.user_id != by.pk):
        raise Problem(403, "You may keep contact methods of your own recipient only. Ask an administrator for the others.")
    address = _address(form)
    moved = (method.kind, method.address, method.recipient_id, method.group_id) != (form.kind, address, form.recipient, group and group.pk)
    method.verified = _verified(form, method, by, moved=moved)
    if moved:
        method.disabled_at, method.disabled_reason, method.proved_at = None, "", None
    method.recipient, method.group, method.kind, method.address = owner, group, form.kind, address
    method.secret, method.label, method.order, method.active = form.secret or "", form.label, form.order, form.active
    method.address_digest = crypto.digest(address, purpose="address")
    method.push_kind = PushKind.WEB if web_push.is_subscription(address) else _token_kind(method)
    method.full_clean()
    method.save()


def _token_kind(method: ContactMethod) -> str:
    """What it was before, unless that was a browser."""
    return PushKind.TOKEN if method.push_kind == PushKind.WEB else method.push_kind


def _verified(form: MethodForm, method: ContactMethod, by: User, *, moved: bool) -> bool:
    kept = method.verified and not moved
    if by.has_perm(VERIFY):
        return (kept or method._state.adding) if form.verified is None else form.verified
    if form.verified and not kept:
        raise Problem(403, f"Only somebody with the permission {VERIFY} may say that an address is verified. Leave verified out.")
    return kept and form.verified is not False


def _owner(form: MethodForm) -> tuple[Recipient | None, RecipientGroup | None]:
    owner = None if form.recipient is None else Recipient.objects.filter(pk=form.recipient).first()
    group = None if form.group is None else RecipientGroup.objects.filter(slug=form.group).first()
    if owner is None and group is None:
        place, name = ("recipient", form.recipient) if form.recipient else ("group", form.group)
        raise unknown([place], f"there is no {place} {str(name)[:60]!r}")
    return owner, group


def _address(form: MethodForm) -> str:
    """The address in the form its transport needs. Raises a 422 Problem that says what that is."""
    try:
        address = written(form.kind, form.address)
    except ValueError as error:
        raise invalid([(("body", "address"), str(error))]) from None
    if form.kind == Transport.WEBHOOK and form.secret and not _SECRET.fullmatch(form.secret):
        raise invalid([(("body", "secret"), "is not a webhook secret; write whsec_ and at least 12 random bytes in base64")])
    return address


def written(kind: str, address: str) -> str:
    """``address`` as it is kept. Raises ValueError with what is wrong with it, to be read after "This address"."""
    if kind in {Transport.SMS, Transport.VOICE}:
        return telephone.e164(address)
    if kind == Transport.EMAIL:
        try:
            validate_email(address)
        except ValidationError:
            raise ValueError(_("is not an e-mail address")) from None
    if kind == Transport.PUSH and web_push.is_subscription(address):
        return web_push.written(address)
    if kind == Transport.WEBHOOK and not _URL.fullmatch(address):
        raise ValueError(_("is not a URL; write it with http:// or https://, without user name and password"))
    refusal = {Transport.SLACK: slack.refusal, Transport.APPRISE: apprise_urls.refusal}.get(Transport(kind))
    if refusal and (why := refusal(address)):
        raise ValueError(why)
    return address
