"""Every URL of the site."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from alerts import image_views
from backups import badges, ping_views
from notifications import proof_views, push_views
from sentinel_site import app_views, auth, dashboards, integrations, metrics, views
from sentinel_site.changes import admin as changes_admin

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("livez", views.livez, name="livez"),
    path("metrics", metrics.metrics, name="metrics"),
    path("sw.js", app_views.service_worker, name="service-worker"),
    path("manifest.webmanifest", app_views.manifest, name="manifest"),
    path("offline", app_views.offline, name="offline"),
    path("", RedirectView.as_view(pattern_name="live")),
    path("live/dashboards/", dashboards.page, name="live-dashboards"),
    path("", include("alerts.urls")),
    path("", include("devices.urls")),
    path("", include("backups.urls")),
    path("", include("jobs.urls")),
    path("integrations/alertmanager/", include((integrations.ALERTMANAGER, "alertmanager"))),
    path("integrations/silence/", include(integrations.SILENCE)),
    path("push/<str:token>/<str:word>", push_views.receipt, name="push-receipt"),
    path("proof/<str:token>", proof_views.proof, name="proof"),
    path("integrations/", include((integrations.WEBHOOKS, "incoming"))),
    path("integrations/", include("notifications.urls")),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=False), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("language/", views.choose_language, name="set_language"),
    path("admin/", include("sentinel_site.admin_urls")),
    path("admin/<slug:app>/<slug:model>/<path:object_id>/history/", admin.site.admin_view(changes_admin.history)),
    path("admin/", admin.site.urls),
    re_path(r"^(?:ping|api/push|p)/", ping_views.ping, name="ping"),
    path("b/<int:states>/<uuid:badge_id>.<str:form>", badges.badge, name="badge"),
    path("api/", include("sentinel_site.api")),
    path("media/alerts/<str:token>", auth.key_or_session(image_views.picture), name="picture"),
]
