"""Web Push by its standards."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured

from notifications import web_push
from sentinel_site import env
from tests.conftest import NOON
from tests.notifications.web_push_service import Browser, claims_of, raw, text

KNOWN = {  # RFC 8291, section 5 and appendix A
    "plain": b"When I grow up, I want to be a watermelon",
    "browser": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "secret": "BTBZMqHH6r4Tts7J_aSIgg",
    "sender": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "body": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
    "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}


def test_a_message_is_encrypted_as_the_standard_shows_it():
    to = web_push.Subscription("https://fcm.googleapis.com/x", raw(KNOWN["browser"]), raw(KNOWN["secret"]))
    sender = ec.derive_private_key(int.from_bytes(raw(KNOWN["sender"]), "big"), ec.SECP256R1())

    body = web_push.encrypt(to, KNOWN["plain"], salt=raw(KNOWN["salt"]), sender=sender)

    assert text(body) == KNOWN["body"]


@pytest.mark.parametrize(("endpoint", "audience"), [
    ("https://fcm.googleapis.com/fcm/send/abc", "https://fcm.googleapis.com"), ("https://web.push.apple.com:8443/x", "https://web.push.apple.com:8443"),
])  # fmt: skip
def test_each_push_service_gets_a_signature_of_its_own(settings, endpoint, audience):
    settings.SENTINEL_VAPID_SUBJECT = "https://sentinel.example.org"

    claims, key = claims_of(web_push.authorization(endpoint, at=NOON))

    assert claims == {"aud": audience, "exp": int(NOON.timestamp()) + 12 * 3600, "sub": "https://sentinel.example.org"}
    assert key == web_push.public_key()


def test_the_key_is_the_operators_or_follows_from_the_encryption_key(settings):
    settings.SENTINEL_ENCRYPTION_KEYS = ["one"]
    derived = web_push.public_key()
    settings.SENTINEL_ENCRYPTION_KEYS = ["two", "one"]
    assert web_push.public_key() == derived

    settings.SENTINEL_VAPID_PRIVATE_KEY = KNOWN["sender"]
    assert text(raw(web_push.public_key())) == "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"


@pytest.mark.parametrize("value", ["short", "é", "A" * 43, "_" * 43])
def test_a_key_that_is_none_stops_the_start(value):
    with pytest.raises(ImproperlyConfigured, match="X is no private key"):
        env.vapid_key("X", value)


def test_one_browser_has_one_address_however_it_is_written():
    given = json.loads(Browser("https://updates.push.services.mozilla.com").subscription)
    again = {"keys": {name: value + "==" for name, value in given["keys"].items()}, "endpoint": given["endpoint"], "more": [1]}

    assert web_push.written(json.dumps(given)) == web_push.written(json.dumps(again, indent=1))


@pytest.mark.parametrize("endpoint", [
    "https://evil.example/push", "http://fcm.googleapis.com/x", "https://fcm.googleapis.com.evil.example/", "https://fcm.googleapis.com@evil.example/",
    "https://127.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/", "https://push.apple.com/", "https://xpush.apple.com/", "file:///etc/passwd",
    "https://evil.example\\@fcm.googleapis.com/", "https://fcm.googleapis.com/\nx", "https://fcm.googleapis.com/" + "a" * 2000, "",
])  # fmt: skip
def test_an_endpoint_that_is_no_push_service_is_refused(endpoint):
    given = json.loads(Browser("https://fcm.googleapis.com").subscription) | {"endpoint": endpoint}

    with pytest.raises(ValueError, match=r"belongs to|cannot be used|wrong length"):
        web_push.read(json.dumps(given))


@pytest.mark.parametrize(
    "given",
    [
        "{",
        "{}",
        '{"endpoint": 1, "keys": {}}',
        '{"keys": []}',
        "[" * 5000,
        '{"endpoint": "https://fcm.googleapis.com/", "keys": {"p256dh": "BA", "auth": "AAAA"}}',
    ],
)
def test_what_is_no_subscription_is_refused(given):
    with pytest.raises(ValueError, match="is not a browser's subscription"):
        web_push.read(given)
