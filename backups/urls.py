"""The live pages of backups."""

from django.urls import path

from backups import views

urlpatterns = [
    path("live/backups/", views.backups_page, name="live-backups"),
    path("live/backups/snapshot", views.backups_snapshot, name="live-backups-snapshot"),
    path("live/backups/<uuid:job_id>/", views.backup_page, name="live-backup"),
    path("live/backups/<uuid:job_id>/snapshot", views.backup_snapshot, name="live-backup-snapshot"),
]
