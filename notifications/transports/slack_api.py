"""Calls of Slack's web API, and what its errors mean for a message."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings

from notifications import http
from notifications.errors import DeadAddress, NotificationError, OutcomeUnknown, PermanentError, TemporaryError

API: Final = "https://slack.com"
DEAD: Final = {
    "channel_not_found": "Slack knows no such channel, or the app is not in it: invite the app to the channel",
    "is_archived": "the channel is archived", "channel_is_archived": "the channel is archived",
    "user_not_found": "Slack knows no such person", "user_disabled": "the person's account is deactivated",
    "cannot_dm_bot": "the address belongs to a bot, which reads no messages",
    "no_service": "the incoming webhook was removed", "no_active_hooks": "the incoming webhook was removed",
    "no_team": "the workspace of the incoming webhook is gone", "invalid_token": "the incoming webhook was removed",
}  # fmt: skip
OURS: Final = {
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "not_allowed_token_type",
    "org_login_required", "ekm_access_denied", "enterprise_is_restricted", "team_access_not_granted", "two_factor_setup_required",
}  # fmt: skip
"""Slack refuses the app, whatever the message: other messages fail, too, until somebody repairs the app."""
REFUSED: Final = {
    "not_in_channel": "the app is not in the channel: invite it (/invite @the-app)",
    "restricted_action": "the channel does not let the app post", "action_prohibited": "the channel does not let the app post",
    "restricted_action_read_only_channel": "the channel is read-only", "posting_to_general_channel_denied": "the channel is read-only",
    "messages_tab_disabled": "the app takes no direct messages: switch on its Messages tab",
    "msg_too_long": "Slack finds the message too long", "msg_blocks_too_long": "Slack finds the message too long",
    "invalid_blocks": "Slack does not understand the message", "invalid_blocks_format": "Slack does not understand the message",
    "invalid_payload": "Slack does not understand the message", "no_text": "Slack does not understand the message",
    "message_not_found": "the message was deleted", "cant_update_message": "Slack does not let the app change the message",
    "edit_window_closed": "the workspace does not let messages be changed any more",
}  # fmt: skip


def call(method: str, arguments: Mapping[str, Any], *, form: bool = False) -> dict[str, Any]:
    """Slack's answer to one call of its API. Raises what the answer means."""
    body = urlencode(arguments).encode() if form else json.dumps(arguments).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json; charset=utf-8"
    headers = {"Authorization": f"Bearer {settings.SLACK_BOT_TOKEN}", "Content-Type": kind, "User-Agent": "Sentinel"}
    reply = http.post(
        f"{settings.SLACK_BASE_URL or API}/api/{method}", body, headers, trusted=True, once=True, total_seconds=settings.SLACK_TIMEOUT
    )
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        answer = None
    if reply.status == 200 and not (isinstance(answer, dict) and isinstance(answer.get("ok"), bool)):
        raise OutcomeUnknown("Slack's answer cannot be understood")
    if reply.status == 200 and answer["ok"]:
        return dict(answer)
    raise meaning(str(answer.get("error", ""))[:60] if isinstance(answer, dict) else "", reply)


def meaning(word: str, reply: http.Reply) -> NotificationError:
    """What Slack's error ``word``, or the status without one, says about the address, this message, or the app."""
    if word in DEAD:
        return DeadAddress(DEAD[word])
    if word in REFUSED:
        return PermanentError(REFUSED[word])
    if word in OURS or reply.status in {401, 403}:
        return TemporaryError(f"Slack refuses Sentinel's app or its token ({word or reply.status})")
    if reply.status == 429 or word in {"ratelimited", "rate_limited"}:
        header = reply.headers.get("retry-after", "")
        wish = float(header) if header.isascii() and header.isdigit() and len(header) < 7 else None
        return TemporaryError("Slack takes no more messages for the moment (rate limit)", retry_seconds=wish)
    if 300 <= reply.status < 400:
        return TemporaryError(f"Slack answered with a redirect ({reply.status}), which is not followed")
    if reply.status >= 500 or word in {"internal_error", "fatal_error", "request_timeout"}:
        return OutcomeUnknown(f"Slack had an error ({word or reply.status})")
    if 400 <= reply.status < 500:
        return PermanentError(f"Slack refused the message ({word or reply.status})")
    return TemporaryError(f"Slack does not take the message now ({word or reply.status})")
