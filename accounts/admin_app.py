"""Which site the admin is: named by itself, as Django reads this before any table is known."""

from django.contrib.admin.apps import AdminConfig


class HeronAdminConfig(AdminConfig):
    """Takes the place of ``django.contrib.admin`` among the apps."""

    default_site = "accounts.admin_site.HeronAdminSite"
