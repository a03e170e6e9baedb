"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

from webmail.views import health, live, mailbox, search

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", mailbox.home, name="home"),
    path("all/", mailbox.unified, name="unified"),
    path("flagged/", mailbox.flagged, name="flagged"),
    path("f/<int:folder_id>/", mailbox.folder, name="folder"),
    path("search/", search.search, name="search"),
    path("tree/", mailbox.tree, name="tree"),
    path("events", live.events, name="events"),
    path("settings/", include("webmail.views.settings.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
]
