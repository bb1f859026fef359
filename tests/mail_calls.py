"""What mail services send to us, signed as they sign it."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field, replace
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SECRET = "sentinel:a-long-enough-secret"
SIGNING_KEY = "mailgun-signing-key"
KINDS = ("delivered", "bounced", "complained", "opened")


@cache
def sendgrid_key():
    return ec.generate_private_key(ec.SECP256R1())


def secured(name):
    """The settings with which Sentinel verifies the calls of this service."""
    if name == "mailgun":
        return {"MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}
    if name == "sendgrid":
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        public = sendgrid_key().public_key().public_bytes(serialization.Encoding.DER, form)
        return {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": base64.b64encode(public).decode(), "WEBHOOK_SECRET": [SECRET]}
    return {"WEBHOOK_SECRET": [SECRET]}


@dataclass(frozen=True)
class Call:
    """One request of a service."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def to(self, client):
        return client.post(self.path, self.body, content_type=self.content_type, headers=self.headers)

    def with_body(self, body):
        return replace(self, body=body)


def basic(secret=SECRET):
    return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


def _postmark(kind, delivery_id, message_id, address):
    said = {
        "delivered": {"RecordType": "Delivery", "Recipient": address, "DeliveredAt": "2026-03-02T12:00:05Z"},
        "bounced": {
            "RecordType": "Bounce", "Type": "HardBounce", "ID": 4242, "Email": address, "BouncedAt": "2026-03-02T12:00:05Z",
            "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        },
        "complained": {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 4243, "Email": address},
        "opened": {"RecordType": "Open", "Recipient": address, "FirstOpen": True, "ReceivedAt": "2026-03-02T12:00:06Z"},
    }[kind]  # fmt: skip
    return said | {"MessageID": message_id, "Metadata": {"delivery_id": delivery_id} if delivery_id else {}}


def signed(token=None, timestamp=None):
    """Mailgun's signature."""
    token, timestamp = token or secrets.token_hex(25), str(int(timestamp or time.time()))
    made = hmac.new(SIGNING_KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": made}


def _mailgun(kind, delivery_id, message_id, address):
    said = {"delivered": "delivered", "bounced": "failed", "complained": "complained", "opened": "opened"}[kind]
    bounce = {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "message": "5.1.1 no such user"}}
    data = {
        "event": said, "timestamp": time.time(), "recipient": address, "message": {"headers": {"message-id": message_id.strip("<>")}},
        "user-variables": {"delivery_id": delivery_id} if delivery_id else {}, **(bounce if kind == "bounced" else {}),
    }  # fmt: skip
    return {"signature": signed(), "event-data": data}


def _sendgrid(kind, delivery_id, message_id, address):
    said = {"delivered": "delivered", "bounced": "bounce", "complained": "spamreport", "opened": "open"}[kind]
    bounce = {"type": "bounce", "reason": "550 5.1.1 unknown", "status": "5.1.1"} if kind == "bounced" else {}
    event = {"event": said, "email": address, "timestamp": 1772452805, "sg_event_id": "e1", "anymail_id": message_id, **bounce}
    return [event | ({"delivery_id": delivery_id} if delivery_id else {})]


def _brevo(kind, delivery_id, message_id, address):
    said = {"delivered": "delivered", "bounced": "hard_bounce", "complained": "spam", "opened": "unique_opened"}[kind]
    reason = {"reason": "550 5.1.1 unknown"} if kind == "bounced" else {}
    custom = {"X-Mailin-custom": json.dumps({"delivery_id": delivery_id})} if delivery_id else {}
    return {"event": said, "email": address, "message-id": message_id, "ts_epoch": 1772452805000, **custom, **reason}


BODIES = {"postmark": _postmark, "mailgun": _mailgun, "sendgrid": _sendgrid, "brevo": _brevo}


def tracking(name, kind, *, delivery_id="", message_id="", address="robin.vale@example.org", body=None):
    """A service's call about one message."""
    raw = json.dumps(BODIES[name](kind, str(delivery_id), message_id, address) if body is None else body).encode()
    headers = {}
    if name == "sendgrid":
        made = sendgrid_key().sign(b"1772452806" + raw, ec.ECDSA(hashes.SHA256()))
        headers = {"X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(made).decode(),
                   "X-Twilio-Email-Event-Webhook-Timestamp": "1772452806"}  # fmt: skip
    if name != "mailgun":
        headers |= basic()
    return Call(f"/integrations/anymail/{name}/tracking/", raw, headers)


def _multipart(fields):
    boundary = "sentinel-test"
    parts = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    return (parts + f"--{boundary}--\r\n").encode(), f"multipart/form-data; boundary={boundary}"


def reply(name, *, to, text="OK", sender="robin.vale@example.org", passes=True, headers=()):
    """A service's call about a mail that came in; ``passes``: the sender's domain vouches for it."""
    path, said = (
        f"/integrations/anymail/{name}/inbound/",
        [("From", f"Robin Vale <{sender}>"), ("To", to), ("Subject", "Re: alert"), *headers],
    )
    if name == "postmark":
        spam = [("X-Spam-Tests", "DKIM_SIGNED,DKIM_VALID,DKIM_VALID_AU,SPF_PASS" if passes else "DKIM_SIGNED,SPF_FAIL")]
        listed = [{"Name": key, "Value": value} for key, value in [("Return-Path", f"<{sender}>"), *spam, *headers]]
        body = {
            "FromFull": {"Email": sender, "Name": "Robin Vale"}, "ToFull": [{"Email": to, "Name": ""}], "OriginalRecipient": to,
            "Subject": "Re: alert", "TextBody": text, "Headers": listed, "MessageID": "22c74902",
        }  # fmt: skip
        return Call(path, json.dumps(body).encode(), basic())
    if name == "mailgun":
        listed = json.dumps([*said, ("X-Mailgun-Spf", "Pass" if passes else "Fail")])
        body, kind = _multipart({"sender": sender, "recipient": to, "body-plain": text, "message-headers": listed, **signed()})
        return Call(path, body, {}, kind)
    if name == "sendgrid":
        envelope = json.dumps({"from": sender, "to": [to]})
        dkim = f"{{@{sender.rpartition('@')[2]} : {'pass' if passes else 'fail'}}}"
        lines = "\n".join(f"{key}: {value}" for key, value in said)
        spf = "pass" if passes else "fail"
        body, kind = _multipart({"headers": lines, "text": text, "envelope": envelope, "dkim": dkim, "SPF": spf, "charsets": "{}"})
        return Call(path, body, basic(), kind)
    results = f"mx.brevo.test; dkim={'pass' if passes else 'fail'} header.d={sender.rpartition('@')[2]}"
    items = [{"Uuid": ["1"], "RawTextBody": text, "Headers": {**dict(said), "Authentication-Results": results, "Delivered-To": to}}]
    return Call(path, json.dumps({"items": items}).encode(), basic())
