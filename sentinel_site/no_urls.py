"""The URLs of processes that serve no page: none. Django's start-up checks would load all the pages through the real ones."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
