"""Every URL under /settings/."""

from django.urls import path

from webmail.views.settings import pages

urlpatterns = [
    path("", pages.index, name="settings"),
    path("appearance/", pages.appearance, name="settings_appearance"),
    path("accounts/", pages.appearance, name="settings_accounts"),
]
