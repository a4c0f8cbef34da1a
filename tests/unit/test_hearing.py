"""Who may say of another process that it is lost."""

from __future__ import annotations

from syncd.app.membership import Hearing


def test_whoever_was_heard_without_a_gap_for_as_long_as_others_may_be_silent() -> None:
    hearing = Hearing(0.0)
    assert [hearing.heard(at) for at in (5.0, 10.0, 15.0, 20.0)] == [False, False, True, True]


def test_after_a_gap_the_others_are_given_the_time_to_speak_again() -> None:
    hearing = Hearing(0.0)
    assert hearing.heard(100.0) is False, "the database was away"
    assert [hearing.heard(at) for at in (105.0, 110.0, 115.0)] == [False, False, True]
