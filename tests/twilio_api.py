"""Twilio for tests: its REST API on loopback, and the signed requests that it sends back."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.test import Client
from twilio.request_validator import RequestValidator

from notifications.transports import twilio_client
from tests.providers import Answer, Arrival, Mode, Provider

ACCOUNT = "AC" + "0" * 32
TOKEN = "the account's token"
OURS = "+15550100000"
BASE = "https://sentinel.example.org"
FORM = "application/x-www-form-urlencoded"
WORDS = {
    20003: "Authenticate",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21211: "The 'To' number is not a valid phone number.",
}


class Twilio(Provider):
    """Messages.json and Calls.json of one account. ``codes`` says which numbers are refused, and with which of Twilio's codes."""

    def __init__(self, mode: Mode = Mode.ACCEPT) -> None:
        super().__init__(mode)
        self.codes: dict[str, int] = {}

    @property
    def messages(self) -> list[dict[str, str]]:
        """What was accepted to be sent by SMS."""
        return [arrival.form for arrival in self.accepted if arrival.path.endswith("/Messages.json")]

    @property
    def calls(self) -> list[dict[str, str]]:
        """What was accepted to be called."""
        return [arrival.form for arrival in self.accepted if arrival.path.endswith("/Calls.json")]

    def accept(self, arrival: Arrival) -> Answer:
        """201 with the resource, as Twilio shows it; or why not, in its own words."""
        kind = {f"/2010-04-01/Accounts/{ACCOUNT}/{name}.json": name for name in ("Messages", "Calls")}.get(arrival.path)
        if kind is None:
            return error(404, 20404)
        if arrival.headers.get("authorization") != f"Basic {base64.b64encode(f'{ACCOUNT}:{TOKEN}'.encode()).decode()}":
            return error(401, 20003)
        form = arrival.form
        if form["To"] in self.codes:
            return error(400, self.codes[form["To"]])
        sid = ("SM" if kind == "Messages" else "CA") + f"{len(self.accepted) + 1:032x}"
        shown = {"sid": sid, "status": "queued", "to": form["To"], "from": form.get("From"), "account_sid": ACCOUNT, "error_code": None}
        return Answer({**shown, "body": form.get("Body"), "date_created": None}, status=201)

    def refusal(self, mode: Mode, arrival: Arrival) -> Answer:
        """Twilio's words for 500, 429 and 401."""
        code = {Mode.ERROR: 20500, Mode.BUSY: 20429, Mode.DENY: 20003}[mode]
        return error(int(mode.value), code, **({"Retry-After": str(self.retry_after)} if mode == Mode.BUSY else {}))


def error(status: int, code: int, **headers: str) -> Answer:
    """An error as Twilio words it."""
    body = {
        "code": code,
        "message": WORDS.get(code, "Refused"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(json.dumps(body), status=status, headers=headers)


def call_back(
    url: str, form: Mapping[str, str], *, secret: str = TOKEN, algorithm: str = "", signature: str | None = None, **headers: str
) -> Any:
    """The answer of our site to what Twilio POSTs to ``url``, signed with ``secret``."""
    signed = RequestValidator(secret).compute_signature(url, dict(form), algorithm or None)
    sent = {"X-Twilio-Signature": signed if signature is None else signature, **headers}
    if algorithm:
        sent["X-Twilio-Webhooks-Signature-Settings"] = f"key=webhooks_sharedkey_1,algorithm={algorithm}"
    parts = urlsplit(url)
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    return client.post(f"{parts.path}?{parts.query}", urlencode(form), content_type=FORM, headers=sent, secure=True)


def status(delivery: Any, form: Mapping[str, str], **how: Any) -> Any:
    """What becomes of a message or a call, told to the address that was made for ``delivery``."""
    return call_back(twilio_client.callback("status", delivery), {"To": delivery.method.address, **form}, **how)


def press(delivery: Any, key: str, **how: Any) -> Any:
    """A key pressed during the call."""
    form = {"To": delivery.method.address, "From": OURS, "Digits": key, "CallSid": "CA1", "CallStatus": "in-progress"}
    return call_back(twilio_client.callback("voice", delivery), form, **how)


def reply(number: str, text: str, *, sid: str = "", **how: Any) -> Any:
    """An SMS from ``number`` to us."""
    form = {"From": number, "To": OURS, "Body": text, "MessageSid": sid or f"SM{secrets.token_hex(16)}", "AccountSid": ACCOUNT}
    return call_back(f"{BASE}/integrations/twilio/sms", form, **how)


def new_number() -> str:
    """A French mobile number that no other test uses: what is remembered of a number lasts."""
    return f"+336{secrets.randbelow(10**8):08d}"
