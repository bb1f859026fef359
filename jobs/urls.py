"""The live pages of jobs."""

from django.urls import path

from jobs import views

urlpatterns = [
    path("live/jobs/", views.jobs_page, name="live-jobs"),
    path("live/jobs/snapshot", views.jobs_snapshot, name="live-jobs-snapshot"),
    path("live/jobs/runs/<uuid:run_id>/", views.run_page, name="live-job-run"),
    path("live/jobs/runs/<uuid:run_id>/snapshot", views.run_snapshot, name="live-job-run-snapshot"),
]
