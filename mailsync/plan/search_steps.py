"""How far down the lists a search walks before it asks the index. Pure.

In: how many placements were looked at, and how many of them matched. Out: how many to look at next, or that the index
is to name the rest. Walking costs by what lies between two matches, the index by all matches that the mailbox has:
what was met so far tells both. A placement with its text costs less where it is read down a list than where the index
names its message: of those the texts and placements lie anywhere.
"""

#: Placements that are looked at first: a word of every third mail fills a page with them.
FIRST = 200
#: So many are looked at before a word is called rare.
WALK = 1000
#: The longest step of a search that the index could answer as well.
LONGEST = 10_000
#: A message that the index names takes as long as so many on the way (of a million: 13 µs and 4 µs).
_NAMED = 3
#: A step is longer than what is expected to do, as words come in clusters.
_MARGIN = 1.3
#: Rule of three: what n rows have not once, no more than 3/n of all have (with 95 % confidence).
_MOST_UNSEEN = 3
#: No step is so many times longer than all before it.
_GROWTH = 10


def choose_step(walked: int, matched: int, wanted: int, total: int, *, has_index: bool) -> int | None:
    """The next step's placements; None: ask the index.

    >>> choose_step(1000, 25, 51, 1_000_000, has_index=True)
    1352
    >>> choose_step(1000, 1, 51, 1_000_000, has_index=True) is None
    True
    """
    ahead = int(_MARGIN * (wanted - matched) * walked / matched) if matched else _GROWTH * walked
    if has_index and not matched and _at_most(0) * total <= LONGEST * walked:
        return None
    if walked < WALK:
        if has_index and matched and _at_most(matched) * total <= min(ahead, LONGEST) * walked:
            return None
        # Few rows tell little: look at more before anything is decided by them.
        return max(FIRST, min(ahead, WALK - walked))
    if has_index:
        named = matched * total // walked
        if not matched or ahead > min(_NAMED * named, LONGEST):
            return None
    return max(FIRST, min(ahead, _GROWTH * walked))


def _at_most(matched: int) -> int:
    """How many there may be where so many were met: few of them tell little (Poisson, with more than 95 %)."""
    return 2 * matched + _MOST_UNSEEN


def choose_sample(walked: int, matched: int, total: int, *, has_index: bool) -> int | None:
    """For the newest of all matches: how far to walk anew, from the beginning; None: ask the index.

    >>> choose_sample(1000, 25, 10_000, has_index=True) is None
    True
    >>> choose_sample(1000, 25, 1_000_000, has_index=True)
    8000
    """
    named = matched * total // max(walked, 1)
    if has_index and named <= 8 * WALK:
        return None
    # A common word fills its thousand within fewer.
    return 4 * WALK if not has_index or matched * 20 >= walked else 8 * WALK
