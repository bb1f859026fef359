"""Callers of REST for tests: users with permissions, and clients that carry their key."""

import json
import secrets
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from sentinel_site.models import ApiKey

REPORTER = ("alerts.report_alert",)
RESPONDER = ("alerts.view_alert", "alerts.answer_alert", "alerts.escalate_alert")


class KeyClient(Client):
    """Django's test client with an API key; JSON goes in as a value, and 5xx answers come back instead of being raised."""

    def __init__(self, key: str = "", **defaults: Any) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        super().__init__(raise_request_exception=False, enforce_csrf_checks=True, headers=headers, **defaults)

    def send(self, path: str, body: Any = None, *, method: str = "POST", **headers: str) -> Any:
        """``body`` as JSON to ``path`` under /api/v1."""
        return self.generic(
            method, f"/api/v1{path}", b"" if body is None else as_json(body), content_type="application/json", headers=headers
        )

    def read(self, path: str, **query: Any) -> Any:
        """``path`` under /api/v1."""
        return self.get(f"/api/v1{path}", query)


def somewhere() -> str:
    """An address that no other test has: wrong tries are counted by address, together with those of tests that run at the same time."""
    return f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"


def as_json(body: Any) -> bytes:
    """``body`` as JSON, or as it is when it is bytes."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def make_user(name: str, *permissions: str, **fields: Any) -> User:
    """A user with exactly these permissions ("alerts.view_alert")."""
    user = User.objects.create_user(name, password="correct horse battery", **fields)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def make_caller(*permissions: str, name: str = "robin") -> KeyClient:
    """A client with the key of a new user who has exactly these permissions."""
    _, key = ApiKey.issue(user=make_user(name, *permissions), name="test")
    return KeyClient(key)
