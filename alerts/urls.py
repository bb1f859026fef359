"""The live pages and the answer page."""

from django.urls import path
from django.views.i18n import JavaScriptCatalog

from alerts import answer_views, views

urlpatterns = [
    path("live/", views.board, name="live"),
    path("live/snapshot", views.board_snapshot, name="live-snapshot"),
    path("live/words.js", JavaScriptCatalog.as_view(packages=["alerts"]), name="live-words"),
    path("live/alerts/<uuid:alert_id>", views.alert_page, name="live-alert"),
    path("live/alerts/<uuid:alert_id>/snapshot", views.alert_snapshot, name="live-alert-snapshot"),
    path("a/<str:token>", answer_views.answer, name="answer"),
]
