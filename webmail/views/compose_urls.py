"""URLs of writing and of the outbox."""

from django.urls import path

from webmail.views import compose, drafts, emoji, follow_ups, outbox, receipts, recipients, templates, uploads

urlpatterns = [
    path("compose/", compose.compose, name="compose"),
    path("compose/recipients", recipients.recipients, name="recipients"),
    path("compose/emoji", emoji.emoji, name="emoji"),
    path("m/<int:message_id>/receipt", receipts.receipt, name="receipt"),
    path("d/<int:draft_id>/", compose.draft, name="draft"),
    path("d/<int:draft_id>/save", drafts.draft_save, name="draft_save"),
    path("d/<int:draft_id>/attach", drafts.draft_attach, name="draft_attach"),
    path("d/<int:draft_id>/upload", uploads.begin, name="draft_upload"),
    path("d/<int:draft_id>/upload/<int:upload_id>", uploads.piece, name="draft_upload_piece"),
    path("d/<int:draft_id>/upload/<int:upload_id>/cancel", uploads.cancel, name="draft_upload_cancel"),
    path("get/<str:token>/", uploads.shared, name="shared"),
    path("get/<str:token>/file", uploads.shared_file, name="shared_file"),
    path("get/<str:token>/stop", uploads.shared_stop, name="shared_stop"),
    path("d/<int:draft_id>/format", drafts.draft_format, name="draft_format"),
    path("d/<int:draft_id>/answers", drafts.draft_answers, name="draft_answers"),
    path("d/<int:draft_id>/keep", drafts.draft_keep, name="draft_keep"),
    path("d/<int:draft_id>/quote", drafts.draft_quote, name="draft_quote"),
    path("d/<int:draft_id>/send", compose.draft_send, name="draft_send"),
    path("d/<int:draft_id>/discard", drafts.draft_discard, name="draft_discard"),
    path("d/<int:draft_id>/cid/<path:cid>", drafts.draft_cid, name="draft_cid"),
    path("d/<int:draft_id>/file/<int:attachment_id>/", drafts.draft_file, name="draft_file"),
    path("d/<int:draft_id>/file/<int:attachment_id>/remove", drafts.draft_detach, name="draft_detach"),
    path("d/<int:draft_id>/template/<int:template_id>", templates.insert, name="draft_insert"),
    path("d/<int:draft_id>/template", templates.keep, name="draft_keep_template"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("scheduled/", outbox.scheduled, name="scheduled"),
    path("waiting/", follow_ups.waiting, name="waiting"),
    path("outbox/<int:outgoing_id>/remind", follow_ups.remind, name="outgoing_remind"),
    path("outbox/<int:outgoing_id>/", outbox.outgoing_act, name="outgoing_act"),
]
