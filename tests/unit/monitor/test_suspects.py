"""The odd one or the rule: what a few records that break something say together."""

from __future__ import annotations

import pytest

from monitor.differences import Kind
from monitor.guard import Violation
from monitor.suspects import CLEAN_AT, Suspects

GONE = (Violation(Kind.OPTIONAL, "total", "a value", "nothing"),)


def looked_at(shown: str) -> Suspects:
    """``x``: a record that breaks something, ``.``: one that does not, ``|``: the next poll."""
    made = Suspects()
    for at, mark in enumerate(shown):
        if mark == "|":
            made.poll()
        elif mark == "x":
            made.add(str(at), {}, GONE)
        else:
            made.ordinary(str(at))
    return made


@pytest.mark.parametrize(
    ("shown", "sure"),
    [
        ("x", False),
        ("xx", False),
        ("xxx", True),
        ("x.x.x", True),
        ("x...x...x", False),
        # the one odd record that waits for weeks blunts nothing
        ("x" + 500 * "." + "xxx", True),
        # two polls in a row that show nothing else
        ("x|x", True),
        ("x|.x", False),
        ("x.|x", False),
        ("x|", False),
    ],
)
def test_the_odd_one_is_told_from_the_rule(shown: str, sure: bool) -> None:
    suspects = looked_at(shown)
    assert suspects.weigh([key for key, _ in suspects], by_polls=True).sure is sure


def test_an_amount_is_not_the_rule_for_having_come_twice() -> None:
    suspects = looked_at("x|x")
    assert not suspects.weigh([key for key, _ in suspects], by_polls=False).sure


def test_a_record_that_comes_again_is_one_record() -> None:
    suspects = Suspects()
    for _ in range(5):
        suspects.poll()
        suspects.add("1", {}, GONE)
    assert suspects.weigh(["1"], by_polls=True).hits == 1
    assert not suspects.weigh(["1"], by_polls=True).sure


def test_more_than_are_kept_still_say_what_the_latest_show() -> None:
    suspects = looked_at(1_000 * "x")
    assert suspects.weigh([key for key, _ in suspects], by_polls=False).sure


@pytest.mark.parametrize(("shown", "held", "over"), [("x", True, True), ("x", False, False)])
def test_what_holds_is_over_after_ordinary_records_and_a_doubt_only_without_its_record(
    shown: str, held: bool, over: bool
) -> None:
    suspects = looked_at(shown + CLEAN_AT * ".")
    assert suspects.reverted("total", held=held) is over
