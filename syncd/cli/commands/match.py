"""``match``: records that may be on the other side already. None is made there before somebody has said."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.api.models import MatchItem
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, Row, emit, say
from syncd.core.errors import FixInput, NothingMatched

_LIMIT = 10_000

_COLUMNS = [
    Column("id", "ID", right=True),
    Column("link", "LINK"),
    Column("flow", "FLOW"),
    Column("side", "SIDE"),
    Column("key", "KEY", wide=True),
    Column("label", "RECORD"),
    Column("candidate", "MAY BE"),
    Column("candidate_label", "THERE"),
    Column("score", "SCORE", right=True),
    Column("evidence", "EVIDENCE"),
    Column("more", "MORE", right=True, spare=True),
]
_FIELDS = [
    Column("candidate", "MAY BE"),
    Column("name", "FIELD"),
    Column("left", "LEFT"),
    Column("right", "RIGHT"),
    Column("differs", "DIFFERS", palette={"yes": "bold yellow"}),
]


def list_(
    link: str | None = None,
    /,
    *,
    flow: str | None = None,
    min_score: int = 0,
    limit: int = 200,
    fail_if_empty: bool = False,
) -> int:
    """List records that look like one of the other side, each with its likeliest candidate and the evidence.

    For example:
      syncd match list acme
      syncd match list acme --flow customer --min-score 80 -o json

    Parameters
    ----------
    link
        Only this link's.
    flow
        Only this entity.
    min_score
        Only where the likeliest candidate has at least so many points (0 to 100).
    limit
        At most so many.
    fail_if_empty
        Exit with 4 if there are none.
    """
    items = _items(link, flow, min_score, limit)
    emit(
        [item.model_dump(mode="json") for item in items],
        [_row(item) for item in items],
        _COLUMNS,
        empty="Nothing waits to be matched.",
    )
    if items:
        say("It is this one: syncd match accept ID.  Not the same: syncd match reject ID KEY.")
        say("It is none of them, create it: syncd match create ID.  Side by side: syncd match show ID.")
    return Exit.NOTHING if fail_if_empty and not items else Exit.OK


def show(ident: int, /) -> int:
    """Show one record beside each of its candidates, field by field.

    For example:
      syncd match show 17

    Parameters
    ----------
    ident
        Its number in `syncd match list`.
    """
    item = _one(ident)
    rows = [
        {"candidate": candidate.key, **field.model_dump(mode="json")}
        for candidate in item.candidates
        for field in candidate.fields
    ]
    emit(item.model_dump(mode="json"), rows, _FIELDS, empty="Its candidates are gone.")
    for candidate in item.candidates:
        say(f"{candidate.key} {candidate.label}: {candidate.score} points; {', '.join(candidate.evidence)}")
        if candidate.held is not None:
            say(f"  settle its own write first: syncd held settle {candidate.held} --is {item.key}", "yellow")
        else:
            say(f"  it is this one:      syncd match accept {ident} {candidate.key}")
            say(f"  it is not the same:  syncd match reject {ident} {candidate.key}")
    say(f"It is none of them:    syncd match create {ident}")
    return Exit.OK


def accept(
    ident: int | None = None,
    key: str | None = None,
    /,
    *,
    all_matching: bool = False,
    link: str | None = None,
    flow: str | None = None,
    min_score: int = 80,
    dry_run: bool = False,
) -> int:
    """Say "it is this one": the two become a pair, and what differs is shown or settled as the rules say.

    Nothing is written to either side by that alone. In bulk, each takes its likeliest candidate; one whose
    second candidate is as likely is left for a closer look.

    For example:
      syncd match accept 17 1042
      syncd match accept --all-matching --link acme --flow customer --min-score 85 --dry-run

    Parameters
    ----------
    ident
        Its number in `syncd match list`.
    key
        The candidate; may be left out where there is only one.
    all_matching
        Every one that the filters below choose.
    link
        With --all-matching: only this link's.
    flow
        With --all-matching: only this entity.
    min_score
        With --all-matching: only where the likeliest candidate has at least so many points.
    dry_run
        Show what would be accepted, and do nothing.
    """
    if (ident is not None) == all_matching:
        raise FixInput("name one record by its number, or give --all-matching (not both)")
    if ident is not None:
        chosen = [(_one(ident), key)]
    else:
        chosen = [(item, None) for item in _items(link, flow, min_score, _LIMIT) if item.clear]
    choices = [(item, _only(item, wanted)) for item, wanted in chosen]
    return _answer(choices, "matched", "accept", dry_run=dry_run, bulk=all_matching)


def reject(
    ident: int | None = None,
    key: str | None = None,
    /,
    *,
    all_matching: bool = False,
    link: str | None = None,
    flow: str | None = None,
    below: int = 60,
    dry_run: bool = False,
) -> int:
    """Say "these two are not the same". It is remembered. What has no candidate left is created.

    For example:
      syncd match reject 17 1042
      syncd match reject --all-matching --link acme --below 50 --dry-run

    Parameters
    ----------
    ident
        Its number in `syncd match list`.
    key
        The candidate it is not; may be left out where there is only one.
    all_matching
        Every candidate that the filters below choose.
    link
        With --all-matching: only this link's.
    flow
        With --all-matching: only this entity.
    below
        With --all-matching: only candidates with fewer points than this.
    dry_run
        Show what would be rejected, and do nothing.
    """
    if (ident is not None) == all_matching:
        raise FixInput("name one record by its number, or give --all-matching (not both)")
    if ident is not None:
        item = _one(ident)
        choices = [(item, _only(item, key))]
    else:
        items = _items(link, flow, 0, _LIMIT)
        choices = [(item, c.key) for item in items for c in item.candidates if c.score < below]
    return _answer(choices, "told apart", "reject", dry_run=dry_run, bulk=all_matching)


def create(ident: int, /, *, dry_run: bool = False) -> int:
    """Say that a record is none of its candidates: it is created on the other side. Remembered, too.

    For example:
      syncd match create 17

    Parameters
    ----------
    ident
        Its number in `syncd match list`.
    dry_run
        Show what would be said, and do nothing.
    """
    item = _one(ident)
    choices = [(item, candidate.key) for candidate in item.candidates]
    return _answer(choices, "told apart", "reject", dry_run=dry_run, bulk=False)


def _answer(
    choices: Sequence[tuple[MatchItem, str]], done: str, what: str, *, dry_run: bool, bulk: bool
) -> int:
    rows = [_row(item, key) for item, key in choices]
    if dry_run:
        emit(rows, rows, _COLUMNS, empty="Nothing would be done.")
        say(f"{len(rows)} would be {done}; nothing was done")
        return Exit.OK
    if not choices:
        raise NothingMatched("nothing fits these filters", remedy="syncd match list")
    if bulk:
        confirm(f"{what} {len(choices)} candidates")
    told = [(item.id, key) for item, key in choices]
    if what == "accept":
        ended = session.ask(lambda operator: operator.match_accept(told, session.actor()))
    else:
        ended = session.ask(lambda operator: operator.match_reject(told, session.actor()))
    emit(ended.model_dump(mode="json"), [ended.model_dump(mode="json")], [Column("message", "DONE")])
    return Exit.OK if ended.count else Exit.PARTLY


def _items(link: str | None, flow: str | None, min_score: int, limit: int) -> list[MatchItem]:
    found = session.ask(lambda operator: operator.matches(link, flow, limit))
    return [item for item in found if _best(item) >= min_score]


def _one(ident: int) -> MatchItem:
    found = session.ask(lambda operator: operator.matches(None, None, _LIMIT))
    item = next((item for item in found if item.id == ident), None)
    if item is None:
        raise NothingMatched(f"no record with the number {ident} is to be matched", remedy="syncd match list")
    return item


def _only(item: MatchItem, key: str | None) -> str:
    if key is not None:
        return key
    if not item.candidates:
        raise NothingMatched(f"{item.id} has no candidate left", remedy=f"syncd match create {item.id}")
    if item.clear:
        return item.candidates[0].key
    keys = ", ".join(c.key for c in item.candidates)
    raise FixInput(f"{item.id} may be any of {keys}: name the one that is meant")


def _best(item: MatchItem) -> int:
    return max((c.score for c in item.candidates), default=0)


def _row(item: MatchItem, key: str | None = None) -> Row:
    row = {"id": item.id, "link": item.link, "flow": item.flow, "side": item.side, "key": item.key}
    row |= {"label": item.label, "more": max(len(item.candidates) - 1, 0)}
    best = next((c for c in item.candidates if key is None or c.key == key), None)
    if best is None:
        return {**row, "candidate": key or "", "candidate_label": "", "score": 0, "evidence": item.reason}
    return {
        **row,
        "candidate": best.key,
        "candidate_label": best.label,
        "score": best.score,
        "evidence": ", ".join(best.evidence),
    }
