"""What the story of an alert of a backup asks, handed to the domain. Connected where pages are served: other programs tell none."""

from typing import Any

from alerts.signals import story_wanted
from alerts.story_parts import Asked, Part
from backups import alert_story


def connect() -> None:
    """Listen, once however often it is called."""
    story_wanted.connect(on_story_wanted, dispatch_uid="backups.story_wanted")


def on_story_wanted(*, asked: Asked, **_: Any) -> Part | None:
    """See alert_story.part."""
    return alert_story.part(asked)
