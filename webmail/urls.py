"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

from webmail.views import act, attachments, body, contacts, health, live, mailbox, pictures, reading, search, setup

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", mailbox.home, name="home"),
    path("all/", mailbox.unified, name="unified"),
    path("flagged/", mailbox.flagged, name="flagged"),
    path("label/<path:keyword>/", mailbox.label, name="label"),
    path("f/<int:folder_id>/", mailbox.folder, name="folder"),
    path("f/<int:folder_id>/t/<int:thread_id>/", reading.thread, name="thread"),
    path("m/<int:message_id>/", reading.message, name="message"),
    path("m/<int:message_id>/print", reading.print_page, name="print"),
    path("m/<int:message_id>/body", body.body, name="body"),
    path("m/<int:message_id>/body/pictures", body.body_pictures, name="body_pictures"),
    path("m/<int:message_id>/nested/<str:part>", body.nested, name="nested"),
    path("m/<int:message_id>/cid/<path:part>", attachments.cid, name="cid"),
    path("m/<int:message_id>/part/<str:part>/<str:name>", attachments.attachment, name="attachment"),
    path("m/<int:message_id>/attachments.zip", attachments.attachments_zip, name="attachments_zip"),
    path("m/<int:message_id>/source", attachments.source, name="source"),
    path("m/<int:message_id>/eml", attachments.eml, name="eml"),
    path("m/<int:message_id>/card/<str:part>", contacts.keep_card, name="keep_card"),
    path("imgproxy/", pictures.picture_proxy, name="picture_proxy"),
    path("search/", search.search, name="search"),
    path("tree/", mailbox.tree, name="tree"),
    path("act/", act.act, name="act"),
    path("undo/", act.undo, name="undo"),
    path("events", live.events, name="events"),
    path("", include("webmail.views.compose_urls")),
    path("settings/", include("webmail.views.settings.urls")),
    path("admin/", admin.site.urls),
    path("setup/", setup.explain, name="setup"),
    path("setup/<str:token>/", setup.make, name="setup_make"),
    path("accounts/login/", setup.sign_in),
    path("accounts/", include("allauth.urls")),
]
