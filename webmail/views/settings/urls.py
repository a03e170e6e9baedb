"""Every URL under /settings/."""

from django.urls import path

from webmail.views.settings import accounts, connect, contacts, identities, oauth, pages, search, storage, truth

urlpatterns = [
    path("", pages.index, name="settings"),
    path("profile/", pages.profile, name="settings_profile"),
    path("appearance/", pages.appearance, name="settings_appearance"),
    path("reading/", pages.reading, name="settings_reading"),
    path("writing/", pages.writing, name="settings_writing"),
    path("search/", search.search, name="settings_search"),
    path("storage/", storage.index, name="settings_storage"),
    path("storage/export.zip", storage.export, name="export"),
    path("contacts/", contacts.index, name="settings_contacts"),
    path("contacts/add/", contacts.edit, name="contact_add"),
    path("contacts/<int:contact_id>/", contacts.edit, name="contact_edit"),
    path("contacts/chosen/", contacts.chosen, name="contacts_chosen"),
    path("contacts/import/", contacts.take, name="contacts_import"),
    path("contacts/export.<str:kind>", contacts.give, name="contacts_export"),
    path("security/", pages.security, name="settings_security"),
    path("security/log/", pages.security_events, name="security_log"),
    path("security/sign-out/", pages.sign_out_everywhere, name="sign_out_everywhere"),
    path("accounts/", accounts.index, name="settings_accounts"),
    path("accounts/add/", connect.add, name="account_add"),
    path("accounts/add/servers/", connect.servers, name="account_servers"),
    path("accounts/oauth/callback/", oauth.callback, name="oauth_callback"),
    path("accounts/oauth/<slug:key>/", oauth.start, name="oauth_start"),
    path("accounts/<int:account_id>/", accounts.edit, name="account_edit"),
    path("accounts/<int:account_id>/servers/", accounts.servers, name="account_edit_servers"),
    path("accounts/<int:account_id>/started/", connect.started, name="account_started"),
    path("accounts/<int:account_id>/sync/", truth.sync, name="account_sync"),
    path("accounts/<int:account_id>/pause/", accounts.pause, name="account_pause"),
    path("accounts/<int:account_id>/resume/", accounts.resume, name="account_resume"),
    path("accounts/<int:account_id>/remove/", accounts.remove, name="account_remove"),
    path("accounts/<int:account_id>/identities/add/", identities.add, name="identity_add"),
    path("identities/<int:identity_id>/", identities.edit, name="identity_edit"),
    path("identities/<int:identity_id>/prove/", identities.prove, name="identity_prove"),
    path("identities/<int:identity_id>/default/", identities.make_default, name="identity_default"),
    path("identities/<int:identity_id>/remove/", identities.remove, name="identity_remove"),
    path("identities/confirm/<str:token>/", identities.confirm, name="identity_confirm"),
]
