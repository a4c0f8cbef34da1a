"""How every screen looks, in the states a person meets it in. A change is looked at, then taken over with
``pytest tests/tui/test_snapshots.py --snapshot-update``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from textual.pilot import Pilot

from syncd.api.fleet import JobState, JournalLine
from syncd.api.models import LifeField
from syncd.api.scopes import Scope
from tests.tui.office import HOSTILE, NOW, Office, ago, candidate, fleet_line, group, held, life, question
from tests.tui.test_keys import press, settled
from tui.app import Dashboard

Compare = Callable[..., bool]
WIDE, SMALL = (120, 30), (80, 24)


def journal() -> list[JournalLine]:
    kinds = ("posted", "sent", "planned", "rejected", "held")
    return [
        JournalLine(
            id=100 - at,
            at=ago(seconds=7 * at),
            link="lakeside",
            flow="invoice",
            kind=kinds[at % 5],
            text=f"S-{at}",
        )
        for at in range(40)
    ]


def hostile() -> Office:
    """Everything that a record can say, said by one who means harm."""
    one = life().model_copy(
        update={
            "label": HOSTILE,
            "reason": HOSTILE,
            "fields": [LifeField(name=HOSTILE, base=HOSTILE, left=HOSTILE, right="\n\n\n", differs=True)],
        }
    )
    return Office(
        links=[fleet_line("lakeside", customer=HOSTILE, last_error=HOSTILE)],
        lives=[one],
        groups=[group(sample=HOSTILE)],
        questions=[question(label=HOSTILE, candidates=[candidate(label=HOSTILE, evidence=[HOSTILE])])],
    )


def crowd() -> Office:
    return Office(links=[fleet_line(f"link-{at:05d}") for at in range(10_000)])


def jobs() -> Office:
    office = Office()
    office.jobs = [office._job(state) for state in JobState]
    return office


STATES: dict[str, tuple[Callable[[], Office], Sequence[str], tuple[int, int]]] = {
    "fleet-sick": (Office, (), WIDE),
    "fleet-small": (Office, (), SMALL),
    "fleet-empty": (lambda: Office(links=[]), (), WIDE),
    "fleet-crowd": (crowd, ("G",), WIDE),
    "fleet-hostile": (hostile, (), WIDE),
    "link": (lambda: Office(holds=[held()]), ("j", "enter"), WIDE),
    "link-small": (lambda: Office(holds=[held()]), ("j", "enter"), SMALL),
    "record": (Office, ("3", "enter", "enter"), WIDE),
    "record-hostile": (hostile, ("3", "enter", "enter"), WIDE),
    "conflicts": (Office, ("2",), WIDE),
    "conflict": (Office, ("2", "enter"), WIDE),
    "conflict-decided": (Office, ("2", "enter", "left_square_bracket"), SMALL),
    "matches": (Office, ("4",), WIDE),
    "match": (Office, ("4", "enter"), SMALL),
    "match-hostile": (hostile, ("4", "enter"), WIDE),
    "held": (Office, ("5",), WIDE),
    "held-write": (Office, ("5", "enter"), SMALL),
    "refused": (Office, ("3",), WIDE),
    "refused-records": (Office, ("3", "enter"), WIDE),
    "drifts": (Office, ("6",), WIDE),
    "drifts-empty": (lambda: Office(drifts=[]), ("6",), WIDE),
    "drift": (Office, ("6", "enter"), WIDE),
    "drift-small": (Office, ("6", "enter"), SMALL),
    "credentials": (Office, ("7",), WIDE),
    "events": (lambda: Office(journal=journal()), ("8",), WIDE),
    "jobs": (jobs, ("9",), WIDE),
    "help": (Office, ("question_mark",), WIDE),
    "question": (Office, ("p",), WIDE),
    "question-many": (Office, ("3", "X"), SMALL),
}


@pytest.mark.parametrize("state", STATES)
def test_a_screen_looks_as_it_did(state: str, snap_compare: Compare) -> None:
    office, keys, size = STATES[state]

    async def before(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, *keys)

    app = Dashboard(office(), frozenset(Scope), lambda: NOW)
    assert snap_compare(app, run_before=before, terminal_size=size)


def test_until_the_first_answer_nothing_is_claimed(snap_compare: Compare) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause()

    app = Dashboard(Office(silent=True), frozenset(Scope), lambda: NOW)
    assert snap_compare(app, run_before=before, terminal_size=WIDE)


def test_cut_off_the_age_stands_over_everything(snap_compare: Compare) -> None:
    office = Office()
    app = Dashboard(office, frozenset(Scope), lambda: NOW)

    async def before(pilot: Pilot[None]) -> None:
        await settled(pilot)
        office.cut_off = True
        await press(pilot, "f5")

    assert snap_compare(app, run_before=before, terminal_size=WIDE)


def test_a_reader_sees_the_keys_greyed(snap_compare: Compare) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "j", "enter")

    app = Dashboard(Office(), frozenset({Scope.READ}), lambda: NOW)
    assert snap_compare(app, run_before=before, terminal_size=WIDE)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark"])
def test_other_themes(theme: str, snap_compare: Compare) -> None:
    app = Dashboard(Office(), frozenset(Scope), lambda: NOW)

    async def before(pilot: Pilot[None]) -> None:
        app.theme = theme
        await settled(pilot)

    assert snap_compare(app, run_before=before, terminal_size=WIDE)


def test_without_colour(monkeypatch: pytest.MonkeyPatch, snap_compare: Compare) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Dashboard(Office(), frozenset(Scope), lambda: NOW)

    async def before(pilot: Pilot[None]) -> None:
        await settled(pilot)

    assert snap_compare(app, run_before=before, terminal_size=SMALL)
