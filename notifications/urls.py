"""What providers call: receipts and answers. Each view verifies who speaks. Mounted under /integrations by the composition."""

from django.urls import path

from notifications import mail_views

urlpatterns = [
    path("anymail/<slug:service>/tracking/", mail_views.tracking, name="mail-tracking"),
]
