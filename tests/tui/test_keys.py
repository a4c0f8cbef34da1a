"""What keys do, pressed as a person presses them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from syncd.api.fleet import JobState
from syncd.api.scopes import Scope, granted
from syncd.core.errors import FixInput
from tests.tui.office import NOW, Office, fleet_line, group, held
from tui.app import Dashboard
from tui.screens.asking import Ask
from tui.screens.conflicts import Conflict
from tui.screens.help import Help
from tui.screens.link import Link
from tui.screens.listing import Listing
from tui.screens.quarantine import Refused
from tui.screens.record import Record

ALL = frozenset(Scope)
ASKING = ("load", "more", "act", "run", "test")
"""Workers that end with an answer; only the one that follows events never does."""


@asynccontextmanager
async def opened(
    office: Office, scopes: frozenset[Scope] = ALL, size: tuple[int, int] = (120, 30)
) -> AsyncIterator[tuple[Dashboard, Pilot[None]]]:
    app = Dashboard(office, scopes, lambda: NOW)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app, pilot


async def settled(pilot: Pilot[None]) -> None:
    """Until what was asked for is there and painted."""
    await pilot.pause(0)
    while any(one.group in ASKING and not one.is_finished for one in pilot.app.workers):
        await pilot.pause(0)
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """As ``pilot.press``, which waits for an idle processor twice a key, where once is enough."""
    for key in keys:
        pilot.app.simulate_key(key)
        await settled(pilot)


def shown(app: Dashboard) -> list[str]:
    assert isinstance(app.screen, Listing)
    return [row.key for row in app.screen.table.shown]


def line(app: Dashboard, of: str) -> str:
    return str(app.screen.query_one(of, Static).content)


# -- moving -----------------------------------------------------------------------------------------


async def test_the_sick_come_first_and_enter_opens_them() -> None:
    async with opened(Office()) as (app, pilot):
        assert shown(app)[0] == "harbor"
        await press(pilot, "j", "enter")
        assert isinstance(app.screen, Link)
        assert "lakeside" in line(app, "#headline")
        await press(pilot, "escape")
        assert shown(app)[0] == "harbor"


async def test_vim_keys_and_ends() -> None:
    async with opened(Office()) as (app, pilot):
        assert isinstance(app.screen, Listing)
        await press(pilot, "G")
        assert app.screen.current == "northwind"
        await press(pilot, "k")
        assert app.screen.current == "bridge"
        await press(pilot, "g")
        assert app.screen.current == "harbor"


async def test_the_filter_asks_the_server_and_escape_clears_it() -> None:
    async with opened(Office()) as (app, pilot):
        await press(pilot, "slash", *"pine")
        assert shown(app) == ["pinewood"]
        await press(pilot, "enter")
        assert shown(app) == ["pinewood"]
        await press(pilot, "escape")
        assert len(shown(app)) == 7


async def test_a_large_fleet_comes_a_page_at_a_time() -> None:
    office = Office(links=[fleet_line(f"link-{at:05d}") for at in range(10_000)])
    async with opened(office) as (app, pilot):
        assert len(shown(app)) == 60
        await press(pilot, "G")
        assert len(shown(app)) == 120


async def test_the_cursor_stays_on_its_link_when_the_order_changes() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "j", "j")
        assert isinstance(app.screen, Listing)
        assert app.screen.current == "pinewood"
        office.links.reverse()
        await press(pilot, "f5")
        assert app.screen.current == "pinewood"


async def test_jump_opens_a_record_by_its_number() -> None:
    async with opened(Office()) as (app, pilot):
        await press(pilot, "colon")
        app.screen.query_one("#reason", Input).value = "invoice S-10005"
        await press(pilot, "enter")
        assert isinstance(app.screen, Record)


async def test_screens_by_number() -> None:
    async with opened(Office()) as (app, pilot):
        rows = {}
        for key in "234567891":
            await press(pilot, key)
            rows[app.current_mode] = len(shown(app))
        assert list(rows) == [*list(app.tabs)[1:], "fleet"]
        assert list(rows.values()) == [2, 2, 2, 1, 2, 2, 0, 0, 7]


async def test_a_number_leads_to_the_begin_of_its_screen_from_wherever_that_was_left() -> None:
    async with opened(Office()) as (app, pilot):
        await press(pilot, "enter", "x", "3", "enter", "1")
        assert shown(app)[0] == "harbor"
        await press(pilot, "enter", "1")
        assert shown(app)[0] == "harbor"
        await press(pilot, "3")
        assert len(shown(app)) == 2


async def test_a_question_without_text_is_answered_by_letter() -> None:
    office = Office(groups=[group(count=12)])
    async with opened(office) as (_, pilot):
        await press(pilot, "3", "r", "n", "r", "y")
    assert [name for name, _ in office.done] == ["bulk_retry"]


async def test_the_palette_knows_every_screen() -> None:
    async with opened(Office()) as (app, pilot):
        offered = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {f"Go to {name}" for name in app.tabs.values()} <= offered.keys()
        await offered["Go to Refused"].callback()
        await settled(pilot)
        assert app.current_mode == "refused"


async def test_help_lists_the_keys_of_the_screen_that_is_shown() -> None:
    async with opened(Office()) as (app, pilot):
        await press(pilot, "question_mark")
        assert isinstance(app.screen, Help)
        does = {key.does for key in app.screen._keys}
        assert {"Run now", "Hold", "Filter", "Quit"} <= does
        await press(pilot, "escape")
        assert not isinstance(app.screen, Help)


# -- acting -----------------------------------------------------------------------------------------


async def test_a_hold_asks_for_a_reason_and_cancel_does_nothing() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "p")
        assert isinstance(app.screen, Ask)
        await press(pilot, "escape")
        assert office.done == []
        await press(pilot, "p", "enter")
        assert isinstance(app.screen, Ask), "a hold without a reason tells the next on call nothing"
        app.screen.query_one("#reason", Input).value = "month end"
        await press(pilot, "enter")
    ((name, asked),) = office.done
    assert name == "hold"
    assert (asked.scope, asked.reason) == ("link:harbor", "month end")


async def test_release_names_what_it_releases() -> None:
    office = Office(holds=[held()])
    async with opened(office) as (app, pilot):
        await press(pilot, "enter", "u")
        assert "month end" in line(app, "#says")
        await pilot.click("#yes")
        await settled(pilot)
    ((name, asked),) = office.done
    assert (name, asked.ids) == ("release", [1])


async def test_run_now_says_what_came_of_it() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "t")
        assert office.done == [("sync", "harbor")]
        assert any("3 created" in one.message for one in app._notifications)


@pytest.mark.parametrize(
    ("key", "take"),
    [("left_square_bracket", "left"), ("right_square_bracket", "right"), ("equals_sign", "base")],
)
async def test_a_conflict_is_decided_for_the_values_that_were_seen(key: str, take: str) -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "2", "enter")
        assert isinstance(app.screen, Conflict)
        await press(pilot, key)
    ((name, asked),) = office.done
    assert (name, asked.call) == ("later", "conflicts_resolve")
    assert asked.asked == {"choices": [{"id": 1, "version": "v1", "take": take, "values": {}}]}


async def test_a_value_is_typed_field_by_field() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "2", "enter", "e")
        app.screen.query_one("#reason", Input).value = "555-0199"
        await press(pilot, "enter")
    ((_, asked),) = office.done
    (choice,) = asked.asked["choices"]
    assert choice["values"] == {"phone": "555-0199"}


async def test_many_at_once_must_be_typed_by_their_number() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "2", "L")
        assert isinstance(app.screen, Ask)
        app.screen.query_one("#count", Input).value = "41"
        await press(pilot, "enter")
        assert isinstance(app.screen, Ask), "another number than that of the records"
        app.screen.query_one("#count", Input).value = "40"
        await press(pilot, "enter")
    trial, (_, asked) = office.done
    assert trial[1].dry_run
    said = asked.asked
    assert (asked.call, said["take"], said["expect"]) == ("conflicts_resolve_all", "left", 40)


async def test_a_cause_is_retried_as_a_job_of_the_server() -> None:
    office = Office(groups=[group(count=12)])
    async with opened(office) as (_app, pilot):
        await press(pilot, "3", "r")
        await pilot.click("#yes")
        await settled(pilot)
    ((name, asked),) = office.done
    assert name == "bulk_retry"
    assert (asked.link, asked.code, asked.field) == ("lakeside", "validation", "job")


async def test_one_refused_record_is_retried_or_left_alone_with_a_reason() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "3", "enter")
        assert isinstance(app.screen, Refused)
        await press(pilot, "r", "X")
        app.screen.query_one("#reason", Input).value = "written off"
        await press(pilot, "enter")
    (retried, one), (skipped, other) = office.done
    assert (retried, one.ids) == ("quarantine_retry", [1])
    assert (skipped, other.ids, other.reason) == ("quarantine_skip", [1], "written off")


async def test_a_drift_is_decided_with_a_reason() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "6", "enter")
        for key in "aRAI":
            await press(pilot, key)
            app.screen.query_one("#reason", Input).value = "the vendor told us"
            await press(pilot, "enter")
    (_, acked), (taken_back, reverted), *decided = office.done
    assert (acked.ident, acked.reason) == (1, "the vendor told us")
    assert (taken_back, reverted.ident, reverted.reason) == ("drift_revert", 1, "the vendor told us")
    assert [asked.call for _, asked in decided] == ["drift_accept", "drift_ignore"]
    assert all(asked.asked == {"ident": 1, "reason": "the vendor told us"} for _, asked in decided)


async def test_a_question_of_the_first_sync_is_answered_for_the_candidate_that_is_shown() -> None:
    office = Office()
    async with opened(office) as (_, pilot):
        await press(pilot, "4", "enter", "m", "enter", "n", "x", "C")
        await pilot.click("#yes")
        await settled(pilot)
    said = [(asked.call, asked.asked["choices"]) for _, asked in office.done]
    assert said == [
        ("match_accept", [[17, "1042"]]),
        ("match_reject", [[17, "1043"]]),
        ("match_reject", [[17, ""]]),
    ]


async def test_only_what_is_sure_is_matched_at_once() -> None:
    office = Office()
    async with opened(office) as (_, pilot):
        await press(pilot, "4", "M")
        await pilot.click("#yes")
        await settled(pilot)
    ((_, asked),) = office.done
    assert (asked.call, asked.asked) == ("match_accept", {"choices": [[17, "1042"]]})


async def test_a_held_write_is_looked_for_once_and_settled_either_way() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "5", "enter")
        app._read_again()
        await press(pilot, "m", "enter", "S")
        assert "stands twice" in line(app, "#says")
        await pilot.click("#yes")
        await settled(pilot)
    assert office.looked_for == 2, "once each time it is opened"
    said = [(asked.call, asked.asked) for _, asked in office.done]
    assert said == [
        ("held_settle", {"ident": 7, "key": "88"}),
        ("held_settle", {"ident": 7, "key": None}),
    ]


async def test_what_was_just_decided_can_be_taken_back_from_any_screen() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "2", "enter", "left_square_bracket", "1")
        app._tick()
        assert line(app, "#pending") == "◷ decide a conflict in 10s · U takes it back"
        await press(pilot, "U")
        assert not app.screen.query_one("#pending").display
        await press(pilot, "U")
        assert any("Nothing that was asked for here" in one.message for one in app._notifications)
    (decided, _), (cancelled, asked) = office.done
    assert (decided, cancelled, asked.id) == ("later", "job_cancel", 5)


async def test_who_may_only_decide_may_take_a_decision_back() -> None:
    office = Office()
    async with opened(office, granted({Scope.RESOLVE})) as (_, pilot):
        await press(pilot, "2", "enter", "left_square_bracket", "U")
    assert [name for name, _ in office.done] == ["later", "job_cancel"]


async def test_what_came_of_a_decision_is_told_when_it_is_carried_out() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "2", "enter", "right_square_bracket")
        over = office._job(JobState.DONE, "conflicts_resolve", 1)
        await office.happened("job", over.model_copy(update={"message": "0 decided; 1 not: look again"}))
        await settled(pilot)
        (told,) = [one for one in app._notifications if "1 not" in one.message]
    assert told.severity == "warning"


async def test_a_job_is_taken_back() -> None:
    office = Office()
    office.jobs = [office._job(JobState.PLANNED)]
    async with opened(office) as (_, pilot):
        await press(pilot, "9", "U")
    ((name, asked),) = office.done
    assert (name, asked.id) == ("job_cancel", 5)


async def test_a_refused_action_says_why() -> None:
    office = Office(refuses=FixInput("the conflict has changed", remedy="look at it again"))
    async with opened(office) as (app, pilot):
        await press(pilot, "2", "enter", "right_square_bracket")
        said = [one.message for one in app._notifications]
    assert any("the conflict has changed" in one for one in said)


# -- without the right, without the daemon ------------------------------------------------------------


async def test_a_token_that_may_only_read_does_nothing_else() -> None:
    office = Office(holds=[held()])
    async with opened(office, frozenset({Scope.READ})) as (app, pilot):
        await press(
            pilot, "t", "p", "enter", "u", "t", "p", "escape", "2", "enter", "left_square_bracket", "e"
        )
        await press(
            pilot, "3", "r", "X", "4", "M", "enter", "m", "C", "5", "enter", "m", "S", "7", "t", "9", "U"
        )
        assert not isinstance(app.screen, Ask)
        await press(pilot, "question_mark")
        assert isinstance(app.screen, Help)
        assert next(key for key in app.screen._keys if key.does == "Take back").lacks
    assert office.done == []


async def test_a_key_that_the_token_does_not_allow_says_what_it_lacks() -> None:
    office = Office()
    async with opened(office, granted({Scope.RESOLVE})) as (app, pilot):
        await press(pilot, "3", "r")
        (told,) = [one.message for one in app._notifications]
        assert told == "Retry all: your token lacks the scope operate"
        await press(pilot, "X", "escape", "2", "enter", "j")
        assert len(app._notifications) == 1, "what is allowed says nothing of rights"


async def test_a_lost_daemon_leaves_what_was_read_and_says_how_old_it_is() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        office.cut_off = True
        await press(pilot, "f5")
        assert len(shown(app)) == 7
        assert "No word from the daemon" in line(app, "#banner")
        office.cut_off = False
        await press(pilot, "f5")
        assert not app.screen.query_one("#banner").display


async def test_a_daemon_lost_while_scrolling_is_told_and_the_page_is_asked_for_again() -> None:
    office = Office(links=[fleet_line(f"link-{at:05d}") for at in range(200)])
    async with opened(office) as (app, pilot):
        office.cut_off = True
        await press(pilot, "G")
        assert len(shown(app)) == 60
        assert any("does not answer" in one.message for one in app._notifications)
        office.cut_off = False
        await press(pilot, "k")
        assert len(shown(app)) == 120


async def test_a_bulk_decision_that_cannot_be_tried_is_told() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "2")
        office.refuses = FixInput("the filter shows nothing any more")
        await press(pilot, "L")
        assert not isinstance(app.screen, Ask)
        assert any("shows nothing any more" in one.message for one in app._notifications)


async def test_a_frozen_view_reads_nothing_until_it_runs_again() -> None:
    office = Office()
    async with opened(office) as (app, pilot):
        await press(pilot, "P")
        office.links = office.links[:2]
        app._read_again()
        await settled(pilot)
        assert len(shown(app)) == 7
        await press(pilot, "P")
        app._read_again()
        await settled(pilot)
        assert len(shown(app)) == 2


async def test_a_narrow_terminal_shows_the_columns_that_matter() -> None:
    async with opened(Office(), size=(80, 24)) as (app, pilot):
        assert isinstance(app.screen, Listing)
        narrow = len(app.screen.table.labels)
        await pilot.resize_terminal(140, 30)
        await settled(pilot)
        assert len(app.screen.table.labels) > narrow
        assert len(shown(app)) == 7
