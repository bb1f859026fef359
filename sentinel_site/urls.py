"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

from alerts import image_views
from sentinel_site import auth, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("livez", views.livez, name="livez"),
    path("admin/", admin.site.urls),
    path("api/", include("sentinel_site.api")),
    path("media/alerts/<str:token>", auth.key_or_session(image_views.picture), name="picture"),
]
