"""What the doctor says about SMS and calls."""

import pytest

from sentinel_site import doctor_twilio

LACKS = "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET"


def test_what_is_missing_is_named():
    assert list(doctor_twilio.findings()) == [
        ("warn", f"SMS is not set up ({LACKS}, TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID)."),
        ("warn", f"Voice calls are not set up ({LACKS}, TWILIO_VOICE_FROM, or a number in TWILIO_FROM)."),
    ]


def test_what_is_set_up_says_where_answers_come_back(twilio):
    assert list(doctor_twilio.findings()) == [
        ("ok", "SMS are sent through Twilio."), ("ok", "Voice calls are sent through Twilio."),
        ("ok", "Twilio may tell receipts and answers at https://sentinel.example.org/integrations/twilio/; enter …/sms for the number."),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "says"), [
    ("TWILIO_AUTH_TOKEN", [], "TWILIO_AUTH_TOKEN is not set, so Twilio's receipts and answers cannot be verified and are refused."),
    ("SENTINEL_BASE_URL", "http://localhost:8000", "Twilio cannot reach http://localhost:8000, so neither receipts nor answers come back"),
    ("TWILIO_FROM", "Sentinel", "TWILIO_FROM is a name: nobody can reply to an SMS"),
])  # fmt: skip
def test_what_does_not_come_back_is_said(twilio, settings, name, value, says):
    settings.TWILIO_API_KEY_SID, settings.TWILIO_API_KEY_SECRET, settings.TWILIO_BASE_URL = "SK1", "key", ""
    setattr(settings, name, value)

    level, text = list(doctor_twilio.findings())[-1]

    assert (level, text.startswith(says)) == ("warn", True)
