"""Names in queries written anew: one query and what is to be renamed, and all else as it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.plan.search_names import Kind, names_in, rewrite_names


def renamed(text: str, **names: list[str]) -> str:
    """``folder=["Old", "New"]``: that name becomes the others."""

    def change(kind: Kind, name: str) -> list[str] | None:
        wanted = names.get(kind)
        return wanted[1:] if wanted and wanted[0].lower() == name.lower() else None

    return rewrite_names(text, change)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in:Old", "in:New"),
        ("lunch  in:old   from:ada", "lunch  in:New   from:ada"),
        ("-in:Old lun", "-in:New lun"),
        ('FOLDER:"Old" ', "FOLDER:New "),
        ("in:“Old” x", "in:New x"),
        ("{in:Old in:Else}", "{in:New in:Else}"),
        ("(in:Old OR in:Else) older:last week", "(in:New OR in:Else) older:last week"),
        # The name as a word, in another operator, in quotation marks, or as a part of another name.
        ("Old", "Old"),
        ("label:Old account:Old subject:Old", "label:Old account:Old subject:Old"),
        ('"in:Old"', '"in:Old"'),
        ("in:Older in:Old/2026", "in:Older in:Old/2026"),
        ("in:", "in:"),
    ],
)
def test_a_folder_renamed(text: str, expected: str) -> None:
    assert renamed(text, folder=["Old", "New"]) == expected


def test_names_that_need_quotation_marks_get_them() -> None:
    assert renamed("in:Old x", folder=["Old", "New mail (1)"]) == 'in:"New mail (1)" x'
    assert renamed("in:Old x", folder=["Old", 'New "mail"']) == "in:Old x"


def test_what_has_become_two_is_either_and_again_one() -> None:
    assert renamed("x -in:Old y", folder=["Old", "Old", "New"]) == "x -(in:Old OR in:New) y"
    assert renamed("x -(in:Old OR in:New) y", folder=["New", "Old"]) == "x -in:Old y"


def test_labels_and_accounts() -> None:
    assert renamed("tag:todo label:todo account:Work", label=["todo", "done"], account=["work", "Job"]) == (
        "tag:done label:done account:Job"
    )


def test_a_state_is_no_folder() -> None:
    assert names_in("in:unread in:starred folder:unread is:read") == [("folder", "unread")]


@given(st.text(alphabet='in:Oldabel "(){}*- OR', max_size=40))
def test_what_is_not_renamed_stays_to_the_letter(text: str) -> None:
    assert rewrite_names(text, lambda kind, name: None) == text
