"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

from webmail.views import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("settings/", include("webmail.views.settings.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
]
