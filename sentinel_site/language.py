"""Which language a person reads: the one that person chose, on every page, in the admin and in messages; before that, the browser's.

The choice is kept with the recipient who signs in so, else with the user. A cookie carries it (`language_cookie.py`).
"""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User

from notifications.models import Recipient
from sentinel_site.models import UserLanguage


def remembered(user: AbstractBaseUser) -> str | None:
    """The language that ``user`` reads, or None when nobody said."""
    theirs = Recipient.objects.filter(user_id=user.pk).values_list("language", flat=True).first()
    return theirs or UserLanguage.objects.filter(user_id=user.pk).values_list("language", flat=True).first()


def is_spoken(language: str) -> bool:
    """Whether Sentinel speaks ``language``."""
    return language in dict(settings.LANGUAGES)


def remember(user: User, language: str) -> None:
    """Keep that ``user`` reads ``language``, one that is spoken."""
    person = Recipient.objects.filter(user=user).first()
    if person is None:
        UserLanguage.objects.update_or_create(user=user, defaults={"language": language})
    elif person.language != language:
        person.language = language
        person.save(update_fields=["language"])
