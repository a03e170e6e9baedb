"""Which test shows which fault: the list of what servers, lines and machines do wrong, and a check that it is kept.

A row is a fault and its expected end, with the tests that inject it; most assert the tables as well as what the
server saw. POP3 and SMTP have fault files of their own (``test_pop_faults``, ``test_smtp_faults``). A row
without tests is a fault that nothing shows yet: it is named in ``NOT_SHOWN``, with the reason.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

WIRE, PURE, ENGINE = "protocol/test_imap_faults", "protocol/test_imap_pure", "engine/test_faults"
MORE, PUSH, SCENES = "engine/test_fault_list", "engine/test_push", "engine/test_scenarios"
PLATFORM = "engine/test_fault_platform"
BEGIN = "protocol/test_imap_connecting"
STOPPED, MEANWHILE = "engine/test_push_stopped", "engine/test_pull_meanwhile"

FAULTS: dict[str, tuple[str, ...]] = {
    # Connection
    "reset at each state: resumed, nothing lost or doubled": (
        f"{MORE}::test_a_line_reset_at_any_step_loses_and_doubles_nothing",
        f"{SCENES}::test_killed_at_any_network_step",
        f"{ENGINE}::test_a_dropped_line_is_taken_up_within_the_visit",
    ),
    "slow greeting: time-out": (f"{BEGIN}::test_a_slow_greeting_is_a_time_out",),
    "drop after login: back off": (
        f"{BEGIN}::test_a_drop_in_the_login_backs_off",
        f"{ENGINE}::test_a_server_that_keeps_dropping_is_left_alone_for_a_while",
    ),
    "STARTTLS stripped: refuse": (
        f"{BEGIN}::test_starttls_that_was_stripped_is_refused_before_the_password",
        f"{BEGIN}::test_a_preauth_greeting_does_not_skip_starttls",
    ),
    "plain text injected before TLS: abort": (f"{BEGIN}::test_plain_text_after_starttls_is_refused",),
    "bad certificate: clear error": (f"{BEGIN}::test_a_bad_certificate_is_named",),
    "token refused: connect again, once": (f"{BEGIN}::test_a_refused_token_asks_to_connect_again",),
    "token expires in a session: refresh once": (),
    "refresh revoked: ask the user": (),
    "too many connections: lower the cap": (
        f"{BEGIN}::test_too_many_connections_in_the_greeting",
        "store/test_throttle::test_a_server_with_too_many_connections_gets_fewer",
    ),
    "* BYE in FETCH: keep the chunks": (
        f"{WIRE}::test_a_break_in_the_second_batch_keeps_the_first",
        f"{ENGINE}::test_a_dropped_line_is_taken_up_within_the_visit",
    ),
    "capabilities change after login": (f"{BEGIN}::test_capabilities_that_change_after_login_are_read_again",),
    # Stream
    "literal longer or shorter than announced: store nothing": (
        f"{WIRE}::test_a_stream_out_of_step_yields_nothing_of_its_batch",
    ),
    "10 GB literal: refuse": (
        f"{WIRE}::test_a_ten_gigabyte_literal_is_refused_unread",
        f"{WIRE}::test_a_message_that_is_said_to_be_too_large_is_not_asked_for",
    ),
    "endless line: cap": (f"{WIRE}::test_an_endless_line_is_cut_off",),
    "untagged rubbish; EXPUNGE, EXISTS, FETCH in between": (f"{WIRE}::test_rubbish_between_is_ignored",),
    "FETCH without UID: ignore": (
        f"{WIRE}::test_bodies_that_are_missing_nil_or_empty_are_absent",
        f"{PURE}::test_fetches_merge_by_uid_and_leave_strangers_out",
    ),
    "FETCH without FLAGS: keep the old": (f"{MORE}::test_a_fetch_without_flags_keeps_the_old_ones",),
    "body missing, NIL or empty: hole": (
        f"{WIRE}::test_bodies_that_are_missing_nil_or_empty_are_absent",
        f"{ENGINE}::test_one_bad_message_is_a_hole_and_the_rest_syncs",
        f"{ENGINE}::test_a_body_that_never_comes_waits_longer_each_time",
    ),
    "trailing space in SEARCH": (f"{WIRE}::test_searches",),
    "8-bit folder names: round trip": (f"{WIRE}::test_eight_bit_folder_names_round_trip",),
    "wrong RFC822.SIZE": (f"{MORE}::test_a_wrong_size_is_put_right_by_the_bytes",),
    # State
    "UIDVALIDITY changes between runs": (f"{SCENES}::test_a_renumbered_folder_fetches_no_body_again",),
    "UIDVALIDITY changes within a run": (f"{MEANWHILE}::test_a_server_renumbered_between_two_connections_of_a_visit",),
    "UIDVALIDITY 0 or missing": (f"{MORE}::test_a_missing_uidvalidity_is_no_new_epoch_each_time",),
    "UIDVALIDITY flapping": (f"{MORE}::test_a_uidvalidity_that_flaps_fetches_no_body_again",),
    "UIDNEXT missing or shrinking": (
        f"{MORE}::test_what_select_leaves_out_or_gets_wrong",
        f"{WIRE}::test_select_with_everything_missing",
    ),
    "HIGHESTMODSEQ shrinking or absent, CONDSTORE without MODSEQ": (
        f"{MORE}::test_what_select_leaves_out_or_gets_wrong",
        "plan/test_pull::test_the_steps",
    ),
    "VANISHED beyond what we know; during IDLE": (
        f"{WIRE}::test_vanished_is_cut_to_what_we_know_and_the_old_folder_is_not_mixed_in",
        f"{PURE}::test_a_range_over_everything_is_never_expanded",
        f"{WIRE}::test_news_that_come_before_idle_begins_are_not_lost",
    ),
    "empty SEARCH with EXISTS > 0: delete nothing": (
        f"{ENGINE}::test_an_empty_search_where_mail_exists_deletes_nothing",
        f"{ENGINE}::test_a_first_pull_that_lists_nothing_is_tried_again",
    ),
    "empty LIST: keep the folders": (
        f"{ENGINE}::test_an_empty_list_wipes_no_folder",
        "store/test_folders::test_an_unusable_list_changes_nothing",
    ),
    "a listed folder refuses SELECT: park": (
        f"{ENGINE}::test_a_folder_that_refuses_to_open_is_parked_and_the_others_go_on",
    ),
    "a deleted folder is listed all the same: hidden after a day": (
        f"{MORE}::test_a_deleted_folder_that_is_listed_all_the_same",
    ),
    "poison UID: bisect, hole, the rest syncs": (f"{ENGINE}::test_one_bad_message_is_a_hole_and_the_rest_syncs",),
    "throttle text: scheduled, the worker freed": (
        f"{WIRE}::test_throttling_is_obeyed",
        f"{ENGINE}::test_a_throttle_is_obeyed",
    ),
    "IDLE dies silently": (f"{WIRE}::test_an_idle_that_dies_is_noticed",),
    "IDLE never tells: polled all the same": ("store/test_schedule::test_how_often_an_account_is_polled",),
    "folder renamed or deleted in a run": (f"{MORE}::test_a_folder_that_goes_between_list_and_select",),
    # Changes
    "MOVE done, reply lost: one copy": (f"{PUSH}::test_a_move_is_done_once_whatever_breaks",),
    "COPY refused: source untouched": (f"{PUSH}::test_a_refused_copy_leaves_the_source_alone",),
    "malformed COPYUID": (
        f"{WIRE}::test_a_malformed_copyuid_is_a_move_without_uids",
        f"{PURE}::test_copyuid_even_when_malformed",
    ),
    "others' \\Deleted survive": (f"{PUSH}::test_others_deleted_marks_survive_a_move_without_move",),
    "APPEND done, reply lost: one copy": (f"{MORE}::test_an_append_whose_reply_is_lost_is_not_done_again",),
    "OVERQUOTA: told, not looped": (
        f"{WIRE}::test_a_full_mailbox_refuses_an_append_before_the_message_is_sent",
        "engine/test_deliver::test_an_appended_copy_that_is_refused_stays_readable_here",
    ),
    "kill -9 between every two states": (
        f"{STOPPED}::test_killed_at_every_commit",
        "engine/test_killed_worker::test_every_message_is_there_exactly_once",
    ),
    # Platform
    "a running task delivered again: fenced": (f"{PLATFORM}::test_a_task_delivered_twice_changes_nothing",),
    "Redis flushed": (f"{PLATFORM}::test_a_flushed_redis_loses_no_work",),
    "Postgres full in a chunk: no cursor moves": (
        f"{PLATFORM}::test_postgres_full_in_the_middle_moves_no_cursor",
        f"{SCENES}::test_killed_after_any_commit_and_taken_up_again",
    ),
    "clock jump": (f"{PLATFORM}::test_a_jump_of_the_clock_neither_frees_nor_steals_a_lane",),
    "two workers on one account": (
        f"{MEANWHILE}::test_a_worker_thought_dead_can_commit_nothing",
        "store/test_leases::test_the_stale_holder_commits_nothing",
    ),
}

NOT_SHOWN = {
    "token expires in a session: refresh once": "OAuth sign-in to mailboxes is not part of this version",
    "refresh revoked: ask the user": "OAuth sign-in to mailboxes is not part of this version",
}


@cache
def _functions(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / f"{file}.py").read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_has_a_test(fault: str) -> None:
    assert bool(FAULTS[fault]) is (fault not in NOT_SHOWN)
    for shown_by in FAULTS[fault]:
        file, _, name = shown_by.partition("::")
        assert name in _functions(file), f"{shown_by} is gone: say what shows {fault!r} now"
