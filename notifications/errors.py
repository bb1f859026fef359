"""The errors of `notifications`.

NotificationError
├── TemporaryError      the provider may accept it later: retry
│   ├── OutcomeUnknown  it may have been sent (time-out): retry with the same idempotency key
│   └── NotNow          the provider works, and does not take this one message now (a full mailbox): retry
└── PermanentError      it will never be accepted: give up this delivery
    └── DeadAddress     the address itself is gone: disable the contact method, use the next one
"""


class NotificationError(Exception):
    """A message could not be sent.

    ``retry_seconds`` is the provider's own wish, when it has one (Retry-After): all its messages wait for so long.
    """

    def __init__(self, text: str, *, retry_seconds: float | None = None) -> None:
        super().__init__(text)
        self.retry_seconds = retry_seconds


class TemporaryError(NotificationError):
    """The provider may accept it later."""


class OutcomeUnknown(TemporaryError):
    """The provider did not answer in time: it may have sent the message or not."""


class NotNow(TemporaryError):
    """The provider works and does not take this one message now: it says nothing about others, and opens no breaker."""


class PermanentError(NotificationError):
    """The provider will never accept this message."""


class DeadAddress(PermanentError):
    """The address is gone (unregistered, bounced, invalid): the contact method must be disabled."""
