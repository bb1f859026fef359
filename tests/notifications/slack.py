"""Slack on loopback: the parts of its web API and its incoming webhooks that Sentinel uses, as strict as the real one."""

import hashlib
import hmac
import json
import re
import time
from typing import Any, ClassVar
from urllib.parse import urlencode

from tests.providers import Answer, Arrival, Mode, Provider

TOKEN, SECRET = "xoxb-1-secret", "8f742231b10e8888abcd99yyyzzz85a5"
CHANNEL, PERSON, DIRECT = "C0NIGHT0001", "U0ROBIN0001", "D0ROBIN0001"
HOOK = "/services/T000/B000/secret"
LONGEST = {"header": 150, "section": 3000, "context": 2000}


class Slack(Provider):
    """Remembers messages by channel and ts. ``known`` maps what may be addressed to the channel it leads to."""

    known: ClassVar[dict[str, str]] = {CHANNEL: CHANNEL, PERSON: DIRECT, DIRECT: DIRECT, "#night": CHANNEL}

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        self.may_read_history = True
        self.error = ""
        """What chat.postMessage, chat.update and the webhook answer instead, in Slack's word."""

    @property
    def posted(self) -> list[Arrival]:
        """What made a message, whether or not the caller got to know."""
        return [each for each in list(self.accepted) if each.path in {"/api/chat.postMessage", HOOK}]

    @property
    def updates(self) -> list[Arrival]:
        return [each for each in list(self.accepted) if each.path == "/api/chat.update"]

    def accept(self, arrival: Arrival) -> Answer:
        if arrival.path.startswith("/response/"):
            return Answer("ok")
        if arrival.path == HOOK:
            return _hooked(self.error) if self.error else Answer("ok") if not wrong(arrival.json) else _hooked("invalid_blocks")
        if arrival.headers.get("authorization") != f"Bearer {TOKEN}":
            return _no("invalid_auth")
        does = getattr(self, "_" + arrival.path.removeprefix("/api/").replace(".", "_"), None)
        return does(arrival) if does else _no("unknown_method")

    def refusal(self, mode: Mode, arrival: Arrival) -> Answer:
        if mode == Mode.DENY:
            return Answer("invalid_token", status=403) if arrival.path == HOOK else _no("invalid_auth")
        headers = {"Retry-After": str(self.retry_after)} if mode == Mode.BUSY else {}
        return Answer({"ok": False, "error": "ratelimited" if mode == Mode.BUSY else "internal_error"}, int(mode), headers)

    def _chat_postMessage(self, arrival: Arrival) -> Answer:
        body = arrival.json
        channel = self.known.get(body["channel"])
        if self.error or channel is None or wrong(body):
            return _no(self.error or ("channel_not_found" if channel is None else "invalid_blocks"))
        ts = f"{time.time():.6f}"
        self.messages[channel, ts] = body
        return Answer({"ok": True, "channel": channel, "ts": ts, "message": body})

    def _chat_update(self, arrival: Arrival) -> Answer:
        body = arrival.json
        if self.error or wrong(body) or (body["channel"], body["ts"]) not in self.messages:
            return _no(self.error or ("invalid_blocks" if wrong(body) else "message_not_found"))
        self.messages[body["channel"], body["ts"]].update(body)
        return Answer({"ok": True, "channel": body["channel"], "ts": body["ts"]})

    def _conversations_open(self, arrival: Arrival) -> Answer:
        return Answer({"ok": True, "channel": {"id": self.known[arrival.json["users"]]}}, taken=False)

    def _conversations_history(self, arrival: Arrival) -> Answer:
        if not self.may_read_history:
            return _no("missing_scope")
        found = [{"ts": ts, "metadata": body["metadata"]} for (channel, ts), body in self.messages.items()
                 if channel == arrival.form["channel"] and float(ts) > float(arrival.form["oldest"])]  # fmt: skip
        return Answer({"ok": True, "messages": found}, taken=False)


def wrong(body: dict[str, Any]) -> str:
    """What Slack would not take of a message; empty when it is well formed."""
    if not body.get("text") or len(body["text"]) > 4000 or len(body["blocks"]) > 50:
        return "text or blocks"
    for block in body["blocks"]:
        texts = [block["text"]] if "text" in block else block.get("fields", block.get("elements", []))
        if any(len(text["text"]) > LONGEST[block["type"]] for text in texts if block["type"] in LONGEST):
            return f"{block['type']} too long"
        if any(not text["text"] for text in texts if block["type"] in LONGEST):
            return f"{block['type']} is empty"
        if block["type"] == "section" and len(block.get("fields", [])) > 10:
            return "too many fields"
    ids = [element["action_id"] for element in elements(body)]
    fits = all(len(each["text"]["text"]) <= 75 and len(each.get("value", "")) <= 2000 and len(each.get("url", "")) <= 3000
               for each in elements(body))  # fmt: skip
    return "" if fits and len(set(ids)) == len(ids) else "buttons"


def elements(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a message."""
    return [element for block in body["blocks"] if block["type"] == "actions" for element in block["elements"]]


def words(body: dict[str, Any]) -> str:
    """Everything a reader sees of a message."""
    return "\n".join(re.findall(r'"text": "((?:[^"\\]|\\.)*)"', json.dumps(body["blocks"], ensure_ascii=False)))


def press(message: dict[str, Any], action_id: str, *, user: str = PERSON, name: str = "robin", **more: Any) -> bytes:
    """The body of Slack's report that ``user`` pressed a button of ``message`` (with ``channel`` and ``ts``)."""
    (button,) = [each for each in elements(message) if each["action_id"] == action_id]
    payload = {
        "type": "block_actions", "user": {"id": user, "username": name, "name": name, "team_id": "T000"}, "api_app_id": "A000",
        "container": {"type": "message", "message_ts": message.get("ts", ""), "channel_id": message.get("channel", "")},
        "channel": {"id": message.get("channel", ""), "name": "night"}, "response_url": "",
        "actions": [{"type": "button", "block_id": "answers", "action_ts": "1", **button}], **more,
    }  # fmt: skip
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers by which Slack signs ``body``."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def _no(word: str) -> Answer:
    return Answer({"ok": False, "error": word}, taken=False)


def _hooked(word: str) -> Answer:
    status = {"no_service": 404, "channel_is_archived": 410, "invalid_token": 403, "action_prohibited": 403}.get(word, 400)
    return Answer(word, status=status)
