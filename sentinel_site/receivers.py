"""What the composition does when the queue has run a task or somebody signs in, and answers when `devices` asks for a monitor."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.db import Error as DatabaseError
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django_q.signals import post_execute

from devices.signals import monitor_wanted
from sentinel_site import beats, language
from sentinel_site.models import ProcessBeat

THROTTLE_SECONDS: Final = 5.0
MONITOR_LIVES: Final = timedelta(seconds=30)
"""A monitor beats three times as often."""
logger = logging.getLogger(__name__)
_last = 0.0


@receiver(post_execute, dispatch_uid="sentinel_site.worker_beat")
def beat_when_a_task_ran(**_kwargs: Any) -> None:
    """Write the worker's beat. It runs in the queue's monitor process, which dies of any exception: none may leave."""
    global _last
    if time.monotonic() - _last < THROTTLE_SECONDS:
        return
    try:
        beats.beat(ProcessBeat.Role.WORKER, at=timezone.now())
        _last = time.monotonic()
    except DatabaseError:
        logger.warning("the worker's beat could not be written", exc_info=True)


@receiver(monitor_wanted, dispatch_uid="sentinel_site.monitor_wanted")
def say_whether_a_monitor_lives(at: datetime, **_kwargs: Any) -> bool:
    """Whether a monitor has given a sign of life lately."""
    return ProcessBeat.objects.filter(role=ProcessBeat.Role.MONITOR, beat_at__gt=at - MONITOR_LIVES).exists()


@receiver(user_logged_in, dispatch_uid="sentinel_site.language")
def speak_their_language(request: HttpRequest | None, user: AbstractBaseUser, **_kwargs: Any) -> None:
    """From signing in on, pages are in the language that the person chose on whatever machine."""
    if request is not None and (chosen := language.remembered(user)):
        request.language_to_keep = chosen  # type: ignore[attr-defined]
