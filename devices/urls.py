"""The live pages of devices."""

from django.urls import path

from devices import views

urlpatterns = [
    path("live/devices/", views.devices_page, name="live-devices"),
    path("live/devices/snapshot", views.devices_snapshot, name="live-devices-snapshot"),
    path("live/devices/<slug:slug>/", views.device_page, name="live-device"),
    path("live/devices/<slug:slug>/snapshot", views.device_snapshot, name="live-device-snapshot"),
]
