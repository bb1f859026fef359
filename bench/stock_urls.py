"""Django's admin with a ModelAdmin for alerts as one writes it on the first day: same columns, filters and fields to search."""

from django.contrib import admin
from django.urls import path

from alerts.models import Alert


class StockAlertAdmin(admin.ModelAdmin):
    """Everything but the columns is Django's default."""

    list_display = ("status", "priority", "title", "source", "subject", "occurrences", "created_at", "next_step_at", "acknowledged_by")
    list_filter = ("status", "priority", "severity", "source", "created_at")
    search_fields = ("title", "subject", "type")


site = admin.AdminSite()
site.register(Alert, StockAlertAdmin)
urlpatterns = [path("admin/", site.urls)]
