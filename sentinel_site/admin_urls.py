"""Pages of the admin that belong to no model. They stand before the admin's own addresses, of which `search/` is one."""

from django.contrib import admin
from django.urls import path

from sentinel_site import first_steps_views, palette_views, saved_filters_views
from sentinel_site.transfer import views as transfer_views

shown = admin.site.admin_view
urlpatterns = [
    path("first-steps/", shown(first_steps_views.page), name="first-steps"),
    path("first-steps/state/", shown(first_steps_views.state), name="first-steps-state"),
    path("saved-filters/", shown(saved_filters_views.save), name="saved-filters"),
    path("saved-filters/<int:pk>/delete/", shown(saved_filters_views.delete), name="saved-filter-delete"),
    path("search/", shown(palette_views.search)),
    path("transfer/", shown(transfer_views.overview), name="transfer"),
    path("transfer/<slug:name>/", shown(transfer_views.take_in), name="transfer-in"),
    path("transfer/<slug:name>.<str:form>", shown(transfer_views.take_out), name="transfer-out"),
    path("raise-test-alert/", shown(palette_views.raise_test_alert), name="raise-test-alert"),
]
