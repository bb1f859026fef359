"""Every URL of the site."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from alerts import image_views
from notifications import proof_views
from sentinel_site import auth, metrics, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("livez", views.livez, name="livez"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", RedirectView.as_view(pattern_name="live")),
    path("", include("alerts.urls")),
    path("", include("devices.urls")),
    path("proof/<str:token>", proof_views.proof, name="proof"),
    path("integrations/", include("notifications.urls")),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=False), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/", include("sentinel_site.api")),
    path("media/alerts/<str:token>", auth.key_or_session(image_views.picture), name="picture"),
]
