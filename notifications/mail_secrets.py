"""What verifies the calls of the mail service that is set up."""

from django.conf import settings


def lacking(kind: str) -> str:
    """What has to be set before the service's ``kind`` (tracking, inbound) of calls can be verified; empty when it is."""
    service, given = settings.EMAIL_SERVICE, getattr(settings, "ANYMAIL", {})
    if service == "mailgun":
        return "" if given.get("MAILGUN_WEBHOOK_SIGNING_KEY") else "ANYMAIL_MAILGUN_WEBHOOK_SIGNING_KEY is not set"
    key = "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY"
    if given.get("WEBHOOK_SECRET") or (service == "sendgrid" and kind == "tracking" and given.get(key)):
        return ""
    return "ANYMAIL_WEBHOOK_SECRET is not set" + (f", nor ANYMAIL_{key}" if service == "sendgrid" and kind == "tracking" else "")
