"""The live pages and the answer page."""

from django.urls import path
from django.views.i18n import JavaScriptCatalog

from alerts import answer_views, me_views, noise_views, story_views, views, wall_views

urlpatterns = [
    path("live/", views.board, name="live"),
    path("live/snapshot", views.board_snapshot, name="live-snapshot"),
    path("live/words.js", JavaScriptCatalog.as_view(packages=["alerts"]), name="live-words"),
    path("live/wall/", wall_views.page, name="wall"),
    path("live/wall/snapshot", wall_views.snapshot, name="wall-snapshot"),
    path("live/wall/open/<str:token>", wall_views.enter, name="wall-enter"),
    path("live/wall/words/<str:language>.js", wall_views.words, name="wall-words"),
    path("live/me/", me_views.page, name="live-me"),
    path("live/me/snapshot", me_views.snapshot, name="live-me-snapshot"),
    path("live/me/line", me_views.line, name="live-me-line"),
    path("live/alerts/<uuid:alert_id>", views.alert_page, name="live-alert"),
    path("live/alerts/<uuid:alert_id>/snapshot", views.alert_snapshot, name="live-alert-snapshot"),
    path("live/alerts/<int:number>/story/", story_views.story_page_view, name="live-alert-story"),
    path("live/alerts/<int:number>/story.json", story_views.story_json, name="live-alert-story-json"),
    path("live/alerts/<int:number>/story.css", story_views.story_paper, name="live-alert-story-paper"),
    path("live/alerts/<int:number>/story.pdf", story_views.story_as_pdf, name="live-alert-story-pdf"),
    path("live/noise/", noise_views.page, name="live-noise"),
    path("a/<str:token>", answer_views.answer, name="answer"),
]
