"""What stays English whoever asks: stored words, keys, and every refusal of REST."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from notifications.enums import DeliveryStatus, Transport
from sentinel_site.api import problem_of
from sentinel_site.lib import ages, english


def test_labels_are_english_where_they_are_stored():
    with translation.override("fr"):
        said = english.label(Transport, "voice"), english.text(DeliveryStatus.SEEN.label), english.label(Transport, "pigeon")
        shown = str(Transport.VOICE.label)

    assert (said, shown) == (("Voice call", "Seen", "pigeon"), "Appel vocal")


def test_what_a_model_refuses_is_said_in_english_by_rest():
    refused = ValidationError({"name": ValidationError(gettext_lazy("This page needs JavaScript."), code="invalid")})

    with translation.override("fr"):
        problem = problem_of(refused)
        language = translation.get_language()

    assert (problem.errors, language) == (((("body", "name"), "This page needs JavaScript."),), "fr")


def test_pages_say_lengths_of_time_in_their_readers_language():
    at = timezone.now()

    with translation.override("fr"):
        said = ages.ago(at - timedelta(days=3), at=at), ages.until(at + timedelta(minutes=2), at=at), ages.precise(90_000)

    assert said == ("il y a 3 j", "dans 2 min", "1 j 1 h")
