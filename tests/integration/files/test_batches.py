"""Each record is in exactly one batch, whatever is killed, repeated or answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.core.errors import FixInput, RefuseRecord, UnreadableAnswer
from syncd.core.outcome import Confirmed, ErrorClass, Rejected
from syncd.files import desk as desk_module
from syncd.files.desk import ExportDesk
from syncd.files.ledger import Ledger
from syncd.files.rows import BatchState
from syncd.ports import NOT_POSTED
from tests.integration.files.handover import NOW, Handover, create


@pytest.fixture
def handover(tmp_path: Path) -> Handover:
    return Handover(tmp_path)


async def taken(handover: Handover, *numbers: str) -> None:
    connector = handover.connect()
    for number in numbers:
        outcome = await connector.submit(create(number))
        assert isinstance(outcome, Confirmed), outcome
        assert not outcome.posted


def test_several_may_open_a_new_memory_at_once(tmp_path: Path) -> None:
    """Whoever is first changes its journal, and SQLite lets nobody wait for that."""
    for number in range(20):
        ledger, together, seen = Ledger(tmp_path / f"{number}.db"), threading.Barrier(4), list[object]()

        def read(ledger: Ledger, together: threading.Barrier, seen: list[object]) -> None:
            together.wait()
            seen.append(ledger.posted("invoice", "S-1"))

        readers = [threading.Thread(target=read, args=(ledger, together, seen)) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert seen == [None] * 4


async def test_a_batch_is_three_files_with_one_stamp(handover: Handover) -> None:
    await taken(handover, "S-1", "S-2")
    (made,) = handover.desk().run("dana", NOW)
    assert (made.count, str(made.total)) == (2, "836.50")
    assert made.files == [
        "import/sage300-cre-invoice-20261120-180000.txt",
        "reversal/sage300-cre-invoice-20261120-180000.txt",
        "status/sage300-cre-invoice-20261120-180000.csv",
    ]
    lines = (handover.folder / made.files[0]).read_bytes()
    assert lines == b"S-1,11192026,,418.25,sy-S-1\r\nS-2,11192026,,418.25,sy-S-2\r\n"
    assert b"-418.25" in (handover.folder / made.files[1]).read_bytes()
    assert b'"accepted"' in (handover.folder / made.files[2]).read_bytes()


async def test_a_look_at_the_next_batch_makes_none(handover: Handover) -> None:
    await taken(handover, "S-1")
    (shown, *others) = handover.desk().preview()
    assert [line.number for line in shown.lines] == ["S-1"]
    assert str(shown.total) == "418.25"
    assert [one.lines for one in others] == [[], [], []]
    assert handover.files("import") == []
    assert handover.desk().batches() == []


async def test_what_was_in_a_batch_is_in_no_other(handover: Handover) -> None:
    await taken(handover, "S-1")
    assert len(handover.desk().run("dana", NOW)) == 1
    assert handover.desk().run("dana", NOW) == []
    again = await handover.connect().submit(create("S-1"))
    assert isinstance(again, Confirmed)
    assert not again.posted
    other = create("S-1")
    other = type(other)(other.entity, other.operation, "sy-another", body=other.body)
    refused = await handover.connect().submit(other)
    assert isinstance(refused, Rejected)
    assert refused.error_class is ErrorClass.DUPLICATE
    assert handover.desk().run("dana", NOW) == []


async def test_two_who_run_at_once_share_the_records_out(handover: Handover) -> None:
    await taken(handover, *(f"S-{n}" for n in range(20)))
    runs = [threading.Thread(target=handover.desk().run, args=("dana", NOW)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    rows = [row for file in handover.files("import") for row in file.read_text().splitlines()]
    assert len(rows) == len(set(rows)) == 20


class _Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(14))
@pytest.mark.parametrize("picked_up", [False, True])
async def test_killed_at_any_step_each_file_is_laid_down_once(
    handover: Handover, monkeypatch: pytest.MonkeyPatch, step: int, picked_up: bool
) -> None:
    """Killed before or after any step of the disk and the memory; the next run goes on. ``picked_up``:
    somebody took away what he saw in between."""
    await taken(handover, "S-1", "S-2")
    _kill_at(monkeypatch, step)
    with suppress(_Killed):
        handover.desk().run("dana", NOW)
    monkeypatch.undo()
    seen: list[str] = []
    if picked_up:
        seen += _pick_up(handover)
    handover.desk().run("dana", NOW)
    seen += _pick_up(handover)
    assert sorted(seen) == ["S-1", "S-2"]
    assert [b.state for b in handover.desk().batches()] == [BatchState.WRITTEN]
    assert [
        f for kind in ("import", "reversal", "status") for f in handover.files(kind) if f.suffix == ".part"
    ] == []


def _kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Steps: each durable act of a run, in order, before and after it."""
    done = 0

    def act() -> None:
        nonlocal done
        if done == step:
            raise _Killed
        done += 1

    def between(real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **more: Any) -> Any:
            act()
            result = real(*args, **more)
            act()
            return result

        return wrapped

    for owner, name in ((Path, "rename"), (Ledger, "make"), (Ledger, "moved"), (desk_module, "prepare")):
        monkeypatch.setattr(owner, name, between(getattr(owner, name)))


def _pick_up(handover: Handover) -> list[str]:
    numbers = []
    for file in handover.files("import"):
        if not file.name.startswith("."):
            numbers += [row.partition(",")[0] for row in file.read_text().splitlines()]
            file.unlink()
    return numbers


# -- what became of it ------------------------------------------------------------------------------


async def test_posted_is_what_a_person_says(handover: Handover) -> None:
    await taken(handover, "S-1")
    connector = handover.connect()
    assert list(await connector.evidence(create("S-1"))) == []
    (made,) = handover.desk().run("dana", NOW)
    assert list(await connector.evidence(create("S-1"))) == []
    assert await connector.fetch("invoice", "S-1") is None
    assert handover.desk().confirm(made.batch, "dana", NOW) == 1
    assert [seen.key for seen in await connector.evidence(create("S-1"))] == ["S-1"]
    with pytest.raises(FixInput, match="nothing about it waits"):
        handover.desk().confirm(made.batch, "dana", NOW)


async def test_rejected_rows_are_read_back_and_go_again(handover: Handover) -> None:
    await taken(handover, "S-1", "S-2")
    (made,) = handover.desk().run("dana", NOW)
    rejects = handover.site / "rejected.txt"
    rows = (handover.folder / made.files[0]).read_text().splitlines()
    rejects.write_text(f"{rows[1]},Job is closed\n")
    handover.desk().confirm(made.batch, "dana", NOW, rejects=rejects)
    connector = handover.connect()
    assert [seen.key for seen in await connector.evidence(create("S-1"))] == ["S-1"]
    with pytest.raises(RefuseRecord, match="Job is closed") as refused:
        await connector.evidence(create("S-2"))
    assert refused.value.code == NOT_POSTED
    mended = create("S-2", description="another job")
    mended = type(mended)(mended.entity, mended.operation, "sy-mended", body=mended.body)
    assert isinstance(await connector.submit(mended), Confirmed)
    (second,) = handover.desk().run("dana", NOW)
    assert second.files[0].endswith("-180000-2.txt")
    assert [line.number for line in handover.desk().lines(second.batch)] == ["S-2"]


async def test_a_foreign_file_of_rejects_changes_nothing(handover: Handover) -> None:
    await taken(handover, "S-1")
    (made,) = handover.desk().run("dana", NOW)
    (handover.site / "rejected.txt").write_text("S-77,11192026,,1.00,sy-S-77\n")
    with pytest.raises(FixInput, match="none of batch"):
        handover.desk().confirm(made.batch, "dana", NOW, rejects=handover.site / "rejected.txt")
    assert [line.state for line in handover.desk().lines(made.batch)] == ["batched"]


async def test_an_import_that_is_cancelled_whole_posts_nothing(tmp_path: Path) -> None:
    """What was good in it goes again; what was bad waits until it is mended."""
    handover = Handover(tmp_path, "computerease")
    await taken(handover, "S-1", "S-2")
    (made,) = handover.desk().run("dana", NOW)
    _return(handover, made.files[2], {"S-2": "rejected"})
    assert handover.desk().read_back(NOW).batches == [made.batch]
    assert await handover.connect().fetch("invoice", "S-1") is None
    (second,) = handover.desk().run("dana", NOW)
    assert [line.number for line in handover.desk().lines(second.batch)] == ["S-1"]


@pytest.mark.parametrize("others", ["posted", "accepted"])
async def test_one_error_brings_the_others_back_whatever_is_said_of_them(tmp_path: Path, others: str) -> None:
    handover = Handover(tmp_path, "computerease")
    await taken(handover, "S-1", "S-2")
    (made,) = handover.desk().run("dana", NOW)
    _return(handover, made.files[2], {"S-2": "rejected"}, others=others)
    handover.desk().read_back(NOW)
    assert [line.number for line in handover.desk().preview("invoice")[0].lines] == ["S-1"]


@pytest.mark.parametrize(("platform", "others"), [("sage300-cre", "posted"), ("computerease", "waiting")])
async def test_what_the_screen_said_is_rejected_by_its_number(
    tmp_path: Path, platform: str, others: str
) -> None:
    handover = Handover(tmp_path, platform)
    await taken(handover, "S-1", "S-2")
    (made,) = handover.desk().run("dana", NOW)
    with pytest.raises(FixInput, match="has no S-3"):
        handover.desk().confirm(made.batch, "dana", NOW, but={"S-3": "closed"})
    handover.desk().confirm(made.batch, "dana", NOW, but={"S-2": "closed"})
    found = [handover.desk().ledger.by_reference(f"sy-{number}") for number in ("S-1", "S-2")]
    assert [(one.state, one.reason) for one in found if one] == [(others, ""), ("rejected", "closed")]


async def test_a_status_file_that_comes_back_is_taken_up_once(handover: Handover) -> None:
    await taken(handover, "S-1", "S-2")
    (made,) = handover.desk().run("dana", NOW)
    _return(handover, made.files[2], {"S-2": "rejected"})
    read = handover.desk().read_back(NOW)
    assert (read.batches, read.problems) == ([made.batch], [])
    assert [(line.number, line.state) for line in handover.desk().lines(made.batch)] == [
        ("S-1", "posted"),
        ("S-2", "rejected"),
    ]
    assert handover.desk().read_back(NOW).batches == []


async def test_a_status_file_that_makes_no_sense_stays_where_it_is(handover: Handover) -> None:
    await taken(handover, "S-1")
    (made,) = handover.desk().run("dana", NOW)
    _return(handover, made.files[2], {"S-1": "done"})
    (problem,) = handover.desk().read_back(NOW).problems
    assert "`accepted`, `posted` or `rejected` expected" in problem
    assert len(handover.files("returned")) == 1
    assert [line.state for line in handover.desk().lines(made.batch)] == ["batched"]


async def test_a_status_file_that_is_still_being_copied_waits(handover: Handover) -> None:
    await taken(handover, "S-1", "S-2")
    (made,) = handover.desk().run("dana", NOW)
    _return(handover, made.files[2], {})
    (back,) = (f for f in handover.files("returned") if f.is_file())
    whole = back.read_text()
    back.write_text("\n".join(whole.splitlines()[:2]) + "\n")
    assert len(handover.desk().read_back(NOW).problems) == 1
    back.write_text(whole)
    assert handover.desk().read_back(NOW).batches == [made.batch]
    assert {line.state for line in handover.desk().lines(made.batch)} == {"posted"}


async def test_what_is_reversed_stands_in_the_ledger_no_more(handover: Handover) -> None:
    await taken(handover, "S-1")
    (made,) = handover.desk().run("dana", NOW)
    handover.desk().confirm(made.batch, "dana", NOW)
    assert handover.desk().reverse(made.batch, "wrong company", "dana", NOW) == 1
    assert await handover.connect().fetch("invoice", "S-1") is None
    told = [what for _, _, what in handover.desk().ledger.journal(made.batch)]
    assert told[-1] == "reversed: wrong company"


async def test_a_record_that_does_not_fit_never_reaches_a_batch(handover: Handover) -> None:
    outcome = await handover.connect().submit(create("S-1", amount="1.005"))
    assert isinstance(outcome, Rejected)
    assert outcome.field == "total"
    assert handover.desk().run("dana", NOW) == []


async def test_a_report_that_breaks_off_is_no_report(handover: Handover) -> None:
    (handover.folder / "customers.csv").write_text('Code,Name\nC1,"Orchard')
    with pytest.raises(UnreadableAnswer):
        await handover.connect().fetch("customer", "C1")
    (handover.folder / "customers.csv").write_text("Code,Title\nC1,Orchard\n")
    with pytest.raises(UnreadableAnswer, match="no column Name"):
        await handover.connect().fetch("customer", "C1")


async def test_a_batch_is_due_once_a_day(handover: Handover) -> None:
    assert not handover.desk().due(NOW), "without a schedule a person runs it"
    said = {**handover.settings_data, "schedule": {"at": "18:00"}}
    settings = type(handover.settings).model_validate(said)
    desk = ExportDesk("books", "sage300-cre", settings, handover.site)
    assert not desk.due(NOW), "nothing waits"
    await taken(handover, "S-1")
    assert desk.due(NOW)
    desk.run("schedule", NOW)
    await taken(handover, "S-2")
    assert not desk.due(NOW + timedelta(hours=2))
    assert desk.due(NOW + timedelta(days=1))


def _return(handover: Handover, status: str, said: dict[str, str], *, others: str = "posted") -> None:
    """A person fills the status file in and gives it back; ``others``: what of those nothing else is said."""
    lines = (handover.folder / status).read_text().splitlines()
    filled = [
        line.replace("accepted", next((s for n, s in said.items() if f'"{n}"' in line), others))
        for line in lines
    ]
    (handover.folder / "returned" / Path(status).name).write_text("\n".join(filled) + "\n")
