"""What providers call: receipts and answers. Each view verifies who speaks. Mounted under /integrations by the composition."""

from django.urls import path

from notifications import mail_views, slack_views, twilio_views

urlpatterns = [
    path("anymail/<slug:service>/tracking/", mail_views.tracking, name="mail-tracking"),
    path("anymail/<slug:service>/inbound/", mail_views.inbound, name="mail-inbound"),
    path("twilio/status", twilio_views.status, name="twilio-status"),
    path("twilio/sms", twilio_views.sms, name="twilio-sms"),
    path("twilio/voice", twilio_views.keys, name="twilio-voice"),
    path("slack/interactive", slack_views.interactive, name="slack-interactive"),
]
