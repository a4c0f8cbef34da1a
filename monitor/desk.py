"""What people see of drift and may do about it: ``api.drift.Drifts`` over the watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from difflib import unified_diff
from pathlib import Path
from typing import Final

from monitor import editing, gating, library
from monitor.watch import Watch
from syncd.api.drift import DriftEdit, DriftView, Held, Rename
from syncd.api.models import Done
from syncd.core.errors import FixInput, NothingMatched
from syncd.ports import Clock, HoldRow
from syncd.ports.drift import LIVE, DriftRow, DriftState, HeldPairs

PLATFORM_AT: Final = 3
"""Connections that show the same drift before it is the platform's, and one alert."""
_LEVELS: Final = ("breaking", "risky", "additive")


Text = Callable[[str, str], str | None]
"""(platform, operation) -> a contract as its file says it; None: there is no file."""


def _none_filed(_platform: str, _operation: str) -> str | None:
    return None


class DriftDesk:
    """Implements ``api.drift.Drifts`` in this process."""

    def __init__(self, watch: Watch, clock: Clock, text: Text = _none_filed) -> None:
        """``text``: of a contract's file."""
        self._watch = watch
        self._clock = clock
        self._text = text

    async def drifts(self, everything: bool = False) -> Sequence[DriftView]:
        rows = await self._watch.drifts.events(None if everything else LIVE)
        views = await self._views(rows)
        return views if everything else sorted(views, key=lambda v: (_LEVELS.index(v.level), -v.id))

    async def drift(self, ident: int) -> DriftView:
        row = await self._watch.drifts.event(ident)
        if row is None:
            raise NothingMatched(f"no drift {ident} is known", remedy="`syncd drift list --all`")
        (view,) = await self._views([row])
        return view

    async def drift_edit(self, ident: int) -> DriftEdit:
        row = await self._watch.drifts.event(ident)
        if row is None:
            raise NothingMatched(f"no drift {ident} is known", remedy="`syncd drift list --all`")
        seen = row.seen
        return edit(row, self._text(seen.platform, seen.operation))

    async def drift_ack(self, ident: int, reason: str, hours: int = 24, actor: str = "") -> Done:
        until = self._clock.now() + timedelta(hours=hours)
        await self._watch.releases.ack(ident, actor, reason, until)
        message = f"nobody is reminded of drift {ident} until {until:%Y-%m-%d %H:%M} UTC; what it holds stays"
        return Done(count=1, message=message, ids=[ident])

    async def drift_accept(self, ident: int, reason: str, actor: str = "") -> Done:
        event = await self._watch.releases.accept(ident, actor, reason)
        days = self._watch.settings.grant.days
        if event.seen.operation.startswith(gating.AROUND):
            return Done(count=1, message=f"drift {ident} accepted: what waited goes on", ids=[ident])
        mended = "the lens is corrected, " if event.seen.correction else ""
        message = (
            f"drift {ident} accepted: {mended}what waited goes on. It is let through for {days} days; until "
            "then write it into the contract with `syncd contract accept --into contracts`"
        )
        return Done(count=1, message=message, ids=[ident])

    async def drift_ignore(self, ident: int, reason: str, actor: str = "") -> Done:
        await self._watch.releases.ignore(ident, actor, reason)
        return Done(count=1, message=f"drift {ident} stops nothing any more", ids=[ident])

    async def drift_revert(self, ident: int, reason: str, actor: str = "") -> Done:
        event = await self._watch.releases.revert(ident, actor, reason)
        held = "what it held is held again" if event.held_at is not None else "it holds nothing"
        return Done(count=1, message=f"drift {ident} is open again: {held}", ids=[ident])

    async def _views(self, rows: Sequence[DriftRow]) -> list[DriftView]:
        holds = await self._watch.open_holds()
        live = await self._watch.drifts.events()
        found = []
        for row in rows:
            flows = self._watch.flows(row.seen.connection, row.seen.operation)
            waiting: Sequence[HeldPairs] = ()
            if row.state in LIVE:
                waiting = await self._watch.drifts.waiting([(f.link, f.entity) for f in flows])
            mine = [hold for hold in holds if hold.by == gating.by(row.id)]
            others = _elsewhere(row, live)
            customers = list(dict.fromkeys(f.customer for f in flows if f.customer))
            found.append(_view(row, mine, waiting, [str(f) for f in flows], customers, others))
        return found


def _elsewhere(row: DriftRow, live: Sequence[DriftRow]) -> list[str]:
    same = {one.seen.connection for one in live if one.seen.fingerprint == row.seen.fingerprint}
    return sorted(same - {row.seen.connection})


def attributed(live: Sequence[DriftRow]) -> Mapping[str, str]:
    """Fingerprint -> whose drift it is: the platform's, or one customer's own. Groups alerts and nothing
    else: what is held at one connection does not depend on the others."""
    seen = Counter(fingerprint for fingerprint, _ in {(e.seen.fingerprint, e.seen.connection) for e in live})
    return {name: "platform" if count >= PLATFORM_AT else "customer" for name, count in seen.items()}


def _view(
    row: DriftRow,
    holds: Sequence[HoldRow],
    waiting: Sequence[HeldPairs],
    flows: Sequence[str],
    customers: Sequence[str],
    others: Sequence[str],
) -> DriftView:
    seen = row.seen
    return DriftView(
        id=row.id,
        fingerprint=seen.fingerprint,
        connection=seen.connection,
        platform=seen.platform,
        operation=seen.operation,
        path=seen.path,
        kind=seen.kind,
        level=seen.level,
        action=seen.action,
        state=row.state.value,
        before=seen.before,
        after=seen.after,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        held_at=row.held_at,
        closed_at=row.closed_at,
        muted_until=row.muted_until,
        actor=row.actor,
        reason=row.reason,
        seen_before=seen.seen_before,
        seen_now=seen.seen_now,
        hits=seen.hits,
        distance=seen.distance,
        samples=list(seen.samples),
        mappings=list(seen.mappings),
        flows=list(flows),
        customers=list(customers),
        others=list(others),
        whose="platform" if len(others) + 1 >= PLATFORM_AT else "customer",
        renames=[Rename(path=path, likeness=likeness) for path, likeness in seen.renames],
        repair=seen.repair,
        command=command(row),
        holds=[Held(scope=h.scope, hold=h.id, release=f"syncd release {h.id}") for h in holds],
        waiting=sum(one.held + one.quarantined for one in waiting),
        oldest=min((one.oldest for one in waiting if one.oldest is not None), default=None),
    )


def edit(row: DriftRow, text: str | None) -> DriftEdit:
    """What accepting a drift writes into the contract's file, which says ``text`` now. Pure."""
    seen = row.seen
    file = str(library.place(Path("contracts"), seen.platform, seen.operation))
    if text is None:
        return DriftEdit(file=file, words="there is no such file: what was learned is the contract")
    moved = seen.renames[0][0] if seen.renames else ""
    try:
        difference = editing.meant(seen.kind, seen.path, seen.before, seen.after, moved)
        values = seen.after.get("values", ())
        edited = editing.accept(text, difference, values=values, name=file)
    except FixInput as error:
        return DriftEdit(file=file, words=error.message)
    diff = list(unified_diff(text.splitlines(), edited.splitlines(), file, file, lineterm="", n=2))
    words = "" if diff else "the file says nothing of it: nothing to edit"
    return DriftEdit(file=file, diff=diff, words=words)


def command(row: DriftRow) -> str:
    """What mends it, once a person has looked; empty for what is over."""
    if row.state in (DriftState.ACCEPTED, DriftState.REVERTED, DriftState.IGNORED):
        return ""
    if row.seen.operation in ("login", gating.ACCEPTANCE):
        return f'syncd drift ack {row.id} --reason "..."'
    return f'syncd drift accept {row.id} --reason "..."'
