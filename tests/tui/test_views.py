"""What is painted, from what was said: pure, so that every state can be laid before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from syncd.api.fleet import FleetPage, JobState
from syncd.api.models import FlowReport, Health
from tests.tui.office import (
    HOSTILE,
    NOW,
    Office,
    accounts,
    ago,
    candidate,
    conflict,
    doubtful,
    drifted,
    fleet_line,
    group,
    life,
    question,
    sick_fleet,
)
from tui.app import Dashboard
from tui.screens.listing import Listing
from tui.screens.quarantine import Refused
from tui.text import cell, harmless
from tui.views import conflicts, credentials, drift, fleet, held, jobs, link, matching, quarantine, record
from tui.views.standing import Standing, banner
from tui.views.table import Column, fitting, widths
from tui.views.tabs import tabs
from tui.words import HEALTH, age, number, span, sparkline, until

LISTINGS = [*(one for one in Dashboard.MODES.values() if issubclass(one, Listing)), Refused]


def painted(what: object, width: int = 120) -> str:
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


# -- hostile text -----------------------------------------------------------------------------------


@given(st.text(max_size=400), st.integers(1, 200))
def test_whatever_a_record_says_stays_in_its_line(text: str, width: int) -> None:
    shown = harmless(text, width)
    assert len(shown) <= width
    assert shown.isprintable()


def test_escapes_and_turned_text_are_shown_not_obeyed() -> None:
    shown = harmless(HOSTILE)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.startswith("␛[2J␛[31mred [bold]shout[/bold]")


def test_markup_in_a_record_is_text() -> None:
    assert cell("[bold red]x[/]").plain == "[bold red]x[/]"


def test_a_tower_of_marks_is_cut_down() -> None:
    assert harmless("a" + "\u0301" * 50 + "b") == "a\u0301\u0301b"


# -- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "now"), (59, "59s"), (61, "1m"), (3_599, "59m"), (7_200, "2h"), (172_801, "2d"), (None, "")],
)
def test_a_span_is_said_in_its_largest_unit(seconds: float | None, said: str) -> None:
    assert span(seconds) == said


def test_never_is_empty_and_the_future_is_not_an_age() -> None:
    assert age(None, NOW) == ""
    assert age(NOW + timedelta(seconds=5), NOW) == "now"
    assert until(NOW + timedelta(days=3), NOW) == "in 3d"
    assert until(ago(days=3), NOW) == "3d ago"


def test_what_happened_at_all_is_not_drawn_as_nothing() -> None:
    bars = sparkline([0, 1, 1_000])
    assert bars[0] == " "
    assert bars[1] != " "
    assert bars[2] == "█"


def test_zero_is_left_out() -> None:
    assert (number(0), number(1_204)) == ("", "1,204")


def test_every_health_has_a_glyph_of_its_own() -> None:
    assert set(HEALTH) == set(Health)
    assert len({sign.glyph for sign in HEALTH.values()}) == len(Health)


# -- screens ----------------------------------------------------------------------------------------


def test_a_line_of_the_fleet_says_its_state_in_words() -> None:
    row = fleet.row(fleet_line("harbor", Health.ERROR, last_error="closed period", backlog=12), NOW)
    said = [one.plain for one in row.cells]
    assert said[0] == "✖ error"
    assert "closed period" in said
    assert "12" in said


def test_the_census_has_the_sick_first() -> None:
    page = FleetPage(at=NOW, lines=sick_fleet(), census={Health.ON_TIME: 9_000, Health.ERROR: 2})
    assert fleet.census(page).plain.split() == ["✖", "2", "error", "●", "9,000", "on", "time"]


def test_a_record_marks_what_differs_without_colour() -> None:
    said = painted(record.screen(life(), NOW, absolute=False))
    total = next(line for line in said.splitlines() if "total" in line)
    number = next(line for line in said.splitlines() if "number" in line)
    assert total.startswith("≠")
    assert not number.startswith("≠")


def test_a_conflict_shows_who_changed_what_and_what_it_was() -> None:
    said = painted(conflicts.side_by_side(conflict(), NOW))
    assert "≠ 555-0111" in said
    assert "≠ 555-0122" in said
    assert "555-0100" in said
    assert "by dana" in said


def test_a_side_that_was_left_alone_is_not_marked() -> None:
    (one,) = conflict().fields
    same = conflict(fields=[one.model_copy(update={"left": one.base_left})])
    assert "≠ 555-0100" not in painted(conflicts.side_by_side(same, NOW))


def test_a_group_of_refused_records_keeps_the_platforms_words_harmless() -> None:
    row = quarantine.group_row(group(sample=HOSTILE), NOW)
    assert "\x1b" not in row.cells[-1].plain


def test_a_login_that_ends_soon_is_marked_and_one_that_renews_itself_is_not_counted() -> None:
    said = credentials.headline(accounts(), NOW).plain
    assert "1 login ending within a week" in said
    assert "1 without an answer" in said


def test_a_link_shows_holds_first_and_empty_parts_say_so() -> None:
    detail = Office()._link(type("Asked", (), {"link": "lakeside"}))
    said = painted(link.screen(detail.model_copy(update={"in_flight": []}), NOW, 120, absolute=False))
    assert "Holds" not in said
    assert "nothing" in said
    assert "invoice: 1 created, 2 actions" in said


def test_a_run_is_told_by_what_it_did() -> None:
    assert link.said([FlowReport(flow="customer"), FlowReport(flow="invoice", created=3, rejected=1)]) == (
        "invoice: 3 created, 1 refused"
    )


def test_only_what_stands_out_and_needs_nothing_settled_first_is_matched_unseen() -> None:
    tied = question(2, candidates=[candidate("1"), candidate("2")])
    bound = question(3, candidates=[candidate(held=7)])
    unsure = question(4, candidates=[candidate(score=79)])
    assert matching.sure([question(1), tied, bound, unsure, question(5, candidates=[])]) == [(1, "1042")]


def test_a_candidate_says_its_points_in_figures_and_what_speaks_for_it() -> None:
    said = painted(matching.screen(question(), 1))
    assert "48" in said
    assert "Candidate 2 of 2" in said
    assert "+60 same phone" in said


def test_a_held_write_that_nothing_resembles_says_so() -> None:
    said = painted(held.screen(doubtful(candidates=[]), 0, NOW, absolute=False))
    assert "most likely not carried out" in said


def test_what_can_be_taken_back_is_counted_down_until_it_cannot() -> None:
    one = Office()._job(JobState.PLANNED, "match_accept", 30)
    assert jobs.pending(one, NOW) == "◷ match records (30) in 10s · U takes it back"
    assert jobs.pending(one, NOW + timedelta(seconds=11)) == ""
    assert jobs.pending(Office()._job(JobState.DONE), NOW) == ""


def test_records_behind_two_drifts_of_one_flow_are_counted_once() -> None:
    assert "7 records waiting" in drift.headline([drifted(1), drifted(2, waiting=0)]).plain


def test_the_timeline_marks_the_runs_that_failed() -> None:
    detail = Office()._link(type("Asked", (), {"link": "lakeside"}))
    said = link.timeline(detail.cycles, NOW, 120).plain
    assert said.startswith("2h ago ✖")
    assert said.endswith("2 runs, 1 failed")


def test_a_login_counts_its_days_and_one_that_ended_says_so() -> None:
    days = [(300, "300d"), (20, "▲20d"), (-1, "✖ end")]
    assert [fleet.ends(NOW + timedelta(days=n), NOW).plain for n, _ in days] == [said for _, said in days]


@pytest.mark.parametrize("current", list(Dashboard(Office(), frozenset(), lambda: NOW).tabs))
def test_all_numbers_stand_in_eighty_characters(current: str) -> None:
    said = tabs(Dashboard(Office(), frozenset(), lambda: NOW).tabs, current, 80).plain
    assert len(said) <= 80
    assert all(f"{number} " in said for number in range(1, 10))


# -- the age of what is shown -----------------------------------------------------------------------


def test_nothing_is_said_while_all_is_well_and_the_age_once_it_is_old() -> None:
    standing = Standing().reached(NOW)
    assert banner(standing, NOW) == ""
    assert "20s old" in banner(standing, NOW + timedelta(seconds=20))


def test_a_lost_daemon_is_tried_again_at_growing_distance() -> None:
    standing = Standing().reached(ago(seconds=40))
    waits = []
    for _ in range(7):
        standing = standing.lost("no answer", NOW)
        assert standing.next_try_at is not None
        waits.append((standing.next_try_at - NOW).total_seconds())
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    said = banner(standing, NOW)
    assert "40s old" in said
    assert "trying again in 30s" in said


# -- tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("room", [80, 101, 200])
def test_every_table_fits_its_terminal(listing: type[Listing], room: int) -> None:
    shown = [listing.COLUMNS[place] for place in fitting(listing.COLUMNS, room)]
    given = widths(shown, room)
    assert 1 + sum(given) + len(given) == room
    assert min(given) >= 5


def test_what_is_missing_is_taken_from_the_widest() -> None:
    columns = (Column("a", "A", 4), Column("b", "B", 30), Column("c", "C", 20))
    assert widths(columns, 44) == [4, 18, 18]
    assert widths(columns, 74) == [4, 30, 36]
