"""Mail services for tests: the HTTP side of Postmark, Mailgun, SendGrid and Brevo, as their senders see it."""

from uuid import uuid4

from tests.providers import Answer, Arrival, Mode, Provider, patience


class Postmark(Provider):
    """POST /email with a server token; JSON both ways."""

    token = "pm-token"

    def accept(self, arrival: Arrival) -> Answer:
        if arrival.path != "/email" or arrival.headers["x-postmark-server-token"] != self.token:
            return Answer({"ErrorCode": 10, "Message": "The Server Token you provided is not valid."}, status=401)
        message = {"To": arrival.json["To"], "MessageID": str(uuid4()), "ErrorCode": 0, "Message": "OK"}
        return Answer(message | {"SubmittedAt": "2026-03-02T12:00:00Z"})

    def refusal(self, mode: Mode, arrival: Arrival) -> Answer:
        headers = {"Retry-After": str(self.retry_after)} if mode == Mode.BUSY else {}
        return Answer({"ErrorCode": 10, "Message": mode.name.title()}, status=int(mode.value), headers=headers)

    @property
    def settings(self):
        return {"POSTMARK_SERVER_TOKEN": self.token, "POSTMARK_API_URL": self.url}


class Mailgun(Provider):
    """POST /v3/<domain>/messages as a form, with the key as password."""

    def accept(self, arrival: Arrival) -> Answer:
        if not arrival.path.startswith("/v3/") or not arrival.headers["authorization"].startswith("Basic "):
            return Answer("Forbidden", status=401)
        return Answer({"id": f"<{uuid4()}@example.org>", "message": "Queued. Thank you."})

    @property
    def settings(self):
        return {"MAILGUN_API_KEY": "mg-key", "MAILGUN_SENDER_DOMAIN": "example.org", "MAILGUN_API_URL": f"{self.url}/v3"}


class SendGrid(Provider):
    """POST /v3/mail/send; 202 without a body."""

    def accept(self, arrival: Arrival) -> Answer:
        if arrival.headers["authorization"] != "Bearer sg-key":
            return Answer({"errors": [{"message": "The provided authorization grant is invalid"}]}, status=401)
        return Answer(status=202, headers={"X-Message-Id": str(uuid4())})

    @property
    def settings(self):
        return {"SENDGRID_API_KEY": "sg-key", "SENDGRID_API_URL": f"{self.url}/v3"}


class Brevo(Provider):
    """POST /v3/smtp/email with an api-key header."""

    def accept(self, arrival: Arrival) -> Answer:
        if arrival.headers["api-key"] != "br-key":
            return Answer({"code": "unauthorized", "message": "Key not found"}, status=401)
        return Answer({"messageId": f"<{uuid4()}@smtp-relay.mailin.fr>"}, status=201)

    @property
    def settings(self):
        return {"BREVO_API_KEY": "br-key", "BREVO_API_URL": f"{self.url}/v3"}


SERVICES = {"postmark": Postmark, "mailgun": Mailgun, "sendgrid": SendGrid, "brevo": Brevo}


def use(settings, name, provider, **more):
    """Let mail leave through ``provider``, which speaks as ``name``; what hangs is not waited for long."""
    settings.EMAIL_SERVICE, settings.EMAIL_BACKEND = name, f"anymail.backends.{name}.EmailBackend"
    settings.ANYMAIL = {
        "REQUESTS_TIMEOUT": (patience(provider.mode),) * 2,
        "IGNORE_UNSUPPORTED_FEATURES": True,
        **provider.settings,
        **more,
    }


def behave(settings, provider, mode, **how):
    """Have the service in use behave so; ``of_silence`` as for `patience`."""
    provider.mode = mode
    settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": (patience(mode, **how),) * 2}
