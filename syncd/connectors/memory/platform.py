"""A platform held in memory: the remote system itself, with a ledger of everything written to it.

Deterministic under its ``Clock`` and its ``FaultSource``; no call awaits, so each is one indivisible
step of the remote. What a customer's staff does in the product are the plain methods ``add``, ``edit``
and ``remove``; what travels over the wire are ``login``, ``page``, ``record``, ``find`` and ``write``.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from syncd.connectors.memory.answers import (
    Answer,
    Done,
    Garbled,
    Listed,
    LoginExpired,
    Refused,
    Silence,
    Throttled,
)
from syncd.connectors.memory.faults import Call, Fault, FaultKind, FaultSource, OrderedFaults
from syncd.connectors.memory.shapes import Shape
from syncd.core.errors import NothingMatched
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass
from syncd.mapping.entity_map import apply
from syncd.ports import Clock, Seen

REFERENCE = "extRef"
"""Wire field that keeps the reference of the request which created the record."""
ACTIONS = "activity"
"""Wire field that lists the actions carried out on a record: ``{action, argument, reference}``."""
VERSION = "version"
"""Wire field that counts the record's changes: the precondition of a conditional write."""

Refuse = Callable[[str, Operation, Mapping[str, Any]], Refused | None]
"""Business rule: (entity, operation, the record as it would be) -> why not, or None."""
Normalise = Callable[[str, dict[str, Any]], dict[str, Any]]
"""What the product makes of what it is given: (entity, record) -> record as it is kept."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What this product is like. Defaults: a pleasant one."""

    page_size: int = 100
    lag_s: float = 0.0
    """Listings and searches show the state of this long ago; ``record`` is always current."""
    posts_after_s: float = 0.0
    """A create is only taken in, and stands in the books this much later."""
    native_key_life_s: float = 0.0
    """How long a repeated create with the same reference is answered instead of carried out."""
    conditional_write: bool = False
    delete_feed: bool = False
    merge_feed: bool = True
    """Whether a listing of changes says which record was merged into which."""
    line_keys: bool = False
    """Whether each line of a document is given a name of its own, which others may read and keep."""
    returns_record: bool = True
    """Whether a write answers with the whole record, or with its key only."""
    skew_s: float = 0.0
    """How far the product's clock is ahead of ours."""


@dataclass(frozen=True, slots=True)
class Command:
    """A write as the wire carries it."""

    entity: str
    operation: Operation
    reference: str
    key: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    """Precondition, for a product that checks one."""
    action: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the platform's own ledger. ``reference`` is empty for what its own users did."""

    at: datetime
    entity: str
    key: str
    operation: Operation
    reference: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class _State:
    """A record from ``at`` on. ``wire`` None: removed, or merged into another."""

    at: datetime
    wire: Mapping[str, Any] | None
    raw: bytes
    modified: datetime
    merged_into: str = ""


class MemoryPlatform:
    """See the module. ``log`` is the ledger, ``requests`` counts what came over the wire."""

    def __init__(
        self,
        shape: Shape,
        clock: Clock,
        *,
        behaviour: Behaviour | None = None,
        faults: FaultSource | None = None,
        refuse: Refuse = lambda _entity, _operation, _wire: None,
        normalise: Normalise = lambda _entity, wire: wire,
        password: str = "open-sesame",  # noqa: S107 (of a platform that lives in this process)
    ) -> None:
        self.shape = shape
        self.clock = clock
        self.behaviour = behaviour or Behaviour()
        self.faults: FaultSource = faults or OrderedFaults()
        self.refuse = refuse
        self.normalise = normalise
        self.password = password
        self.log: list[Entry] = []
        self.requests: Counter[Call] = Counter()
        self.forbidden: set[tuple[str, str]] = set()
        """(entity, key) of records that this login may not see."""
        self._rows: dict[str, dict[str, list[_State]]] = {entity: {} for entity in shape.maps}
        self._removed: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._created: dict[tuple[str, str], list[str]] = {}
        self._late: list[tuple[datetime, int, Command]] = []
        self._keys = {entity: count(1) for entity in shape.maps}
        self._sessions: set[str] = set()
        self._serial = count(1)

    # -- what people do in the product -------------------------------------------------------

    def add(self, entity: str, wire: Mapping[str, Any]) -> str:
        """A user enters a record. Returns its key."""
        return self._insert(Command(entity, Operation.CREATE, "", body=wire), self.clock.now())

    def edit(self, entity: str, key: str, patch: Mapping[str, Any], *, by: str = "") -> None:
        """A user changes a record. Raises ``NothingMatched`` if there is none."""
        wire = apply(self._living(entity, key), patch)
        self._keep(entity, key, self._stamped(entity, wire, self.clock.now(), by), self.clock.now())
        self.log.append(Entry(self.clock.now(), entity, key, Operation.UPDATE))

    def remove(self, entity: str, key: str) -> None:
        """A user deletes a record. Raises ``NothingMatched`` if there is none."""
        self._living(entity, key)
        self._keep(entity, key, None, self.clock.now())
        self.log.append(Entry(self.clock.now(), entity, key, Operation.DELETE))

    def restore(self, entity: str, key: str) -> None:
        """A user takes a removal back. Raises ``NothingMatched`` if nothing was removed."""
        if (entity, key) not in self._removed:
            raise NothingMatched(f"no {entity} {key} was removed from this platform")
        wire = self._removed.pop((entity, key))
        self._keep(entity, key, self._stamped(entity, dict(wire), self.clock.now()), self.clock.now())
        self.log.append(Entry(self.clock.now(), entity, key, Operation.UPDATE))

    def merge(self, entity: str, key: str, into: str) -> None:
        """A user merges a record into another. Raises ``NothingMatched`` if one of them is not there."""
        self._living(entity, into)
        self._living(entity, key)
        self._keep(entity, key, None, self.clock.now(), merged_into=into)
        self.log.append(Entry(self.clock.now(), entity, key, Operation.DELETE))

    def expire_sessions(self) -> None:
        """Every login ends; a new one is granted."""
        self._sessions.clear()

    # -- looking inside ----------------------------------------------------------------------

    def records(self, entity: str) -> dict[str, Mapping[str, Any]]:
        """Every living record now, by key, posted or still to be posted."""
        self._catch_up()
        living = ((key, states[-1].wire) for key, states in self._rows[entity].items())
        return {key: wire for key, wire in living if wire is not None}

    def created_by(self, entity: str, reference: str) -> Sequence[str]:
        """Keys of the records that requests with this reference created: more than one is a duplicate."""
        self._catch_up()
        return tuple(self._created.get((entity, reference), ()))

    @property
    def duplicates(self) -> int:
        """Records created beyond the first by one reference, over all kinds."""
        self._catch_up()
        return sum(len(keys) - 1 for keys in self._created.values())

    # -- the wire ----------------------------------------------------------------------------

    def login(self, password: str) -> str | None:
        """A session, or None: refused."""
        if password != self.password:
            return None
        session = f"session-{next(self._serial)}"
        self._sessions.add(session)
        return session

    def page(self, session: str, entity: str, *, since: datetime | None, offset: int, limit: int) -> Answer:
        """Records in the order in which they were made, changed at or after ``since``."""
        struck = self._receive(Call.PAGE, session)
        if isinstance(struck, Answer):
            return struck
        listed = self._listing(entity, since)
        if struck and struck.kind is FaultKind.PAGE_SHIFT and offset < len(listed):
            listed.append(listed.pop(max(offset - 1, 0)))
        rows = listed[offset : offset + limit]
        allowed = [row for row in rows if (entity, row.key) not in self.forbidden]
        if struck and struck.kind is FaultKind.INCOMPLETE:
            allowed = allowed[:-1]
        return Listed(
            tuple(allowed),
            as_of=self._clock_shows(self.clock.now()),
            more=offset + len(rows) < len(listed),
            whole=not (struck and struck.kind is FaultKind.INCOMPLETE) and len(allowed) == len(rows),
        )

    def record(self, session: str, entity: str, key: str) -> Answer:
        """One record as it is now, by its key."""
        struck = self._receive(Call.FETCH, session)
        if isinstance(struck, Answer):
            return struck
        if (entity, key) in self.forbidden:
            return Refused(ErrorClass.PERMISSION, "You may not see this record.")
        now = self.clock.now()
        state = self._at(self._rows[entity].get(key, ()), now)
        seen = () if state is None else (Seen(key, state.raw, deleted=state.wire is None),)
        return Listed(seen, as_of=self._clock_shows(now))

    def find(self, session: str, entity: str, *, number: str = "", reference: str = "") -> Answer:
        """Living records that people call ``number``, or that ``reference`` created."""
        struck = self._receive(Call.SEARCH, session)
        if isinstance(struck, Answer):
            return struck
        seen_until = self.clock.now() - timedelta(seconds=self.behaviour.lag_s)
        rows = self._rows[entity]
        if reference:
            keys: Iterable[str] = self._created.get((entity, reference), ())
        else:
            keys = rows.keys()
        found = []
        for key in keys:
            state = self._at(rows[key], seen_until)
            if (
                state
                and state.wire is not None
                and (reference or self._is_called(entity, state.wire, number))
            ):
                found.append(Seen(key, state.raw))
        return Listed(tuple(found), as_of=self._clock_shows(self.clock.now()))

    def write(self, session: str, command: Command) -> Answer:
        """Carry out one command."""
        struck = self._receive(Call.WRITE, session)
        if isinstance(struck, Answer):
            return struck
        if struck and struck.kind is FaultKind.REJECTED:
            return Refused(ErrorClass.VALIDATION, struck.words)
        if struck and struck.kind is FaultKind.LATE:
            due = self.clock.now() + timedelta(seconds=struck.after_s or 0.0)
            insort(self._late, (due, next(self._serial), command))
            return Silence()
        answer = self._execute(command, self.clock.now())
        match struck:
            case Fault(FaultKind.LOST_AFTER):
                return Silence()
            case Fault(FaultKind.UNREADABLE | FaultKind.TRUNCATED as kind):
                return Garbled(kind.value)
        return answer

    # -- inside ------------------------------------------------------------------------------

    def _receive(self, call: Call, session: str) -> Answer | Fault | None:
        """What every request meets first: late writes of before, the network, the login."""
        self.requests[call] += 1
        self._catch_up()
        fault = self.faults.draw(call)
        match fault:
            case Fault(FaultKind.LOST_BEFORE):
                return Silence()
            case Fault(FaultKind.RETRY_LATER, after_s=after):
                return Throttled(after)
            case Fault(FaultKind.LOGIN_EXPIRED):
                self._sessions.discard(session)
        if session not in self._sessions:
            return LoginExpired()
        if call is not Call.WRITE and fault and fault.kind in (FaultKind.UNREADABLE, FaultKind.TRUNCATED):
            return Garbled(fault.kind.value)
        return fault

    def _catch_up(self) -> None:
        now = self.clock.now()
        while self._late and self._late[0][0] <= now:
            due, _, command = self._late.pop(0)
            self._execute(command, due)

    def _execute(self, command: Command, at: datetime) -> Answer:
        if command.operation is Operation.CREATE:
            return self._create(command, at)
        key = command.key or ""
        states = self._rows[command.entity].get(key)
        wire = states[-1].wire if states else None
        if wire is None:
            return Refused(ErrorClass.NOT_FOUND, f"No {command.entity} {key}.")
        if self.behaviour.conditional_write and command.version not in (None, wire[VERSION]):
            return Refused(ErrorClass.CONFLICT, "The record was changed meanwhile.")
        changed = self._changed(command, wire)
        refused = self.refuse(command.entity, command.operation, changed)
        if refused is not None:
            return refused
        if command.operation is Operation.DELETE:
            self._keep(command.entity, key, None, at)
        else:
            self._keep(command.entity, key, self._stamped(command.entity, changed, at), at)
        self.log.append(Entry(at, command.entity, key, command.operation, command.reference, command.action))
        return self._done(command.entity, key)

    def _create(self, command: Command, at: datetime) -> Answer:
        known = self._created.get((command.entity, command.reference), ())
        if known and self.behaviour.native_key_life_s:
            first = self._rows[command.entity][known[0]][0].at
            if at - first < timedelta(seconds=self.behaviour.native_key_life_s):
                return self._done(command.entity, known[0])
        refused = self.refuse(command.entity, command.operation, command.body)
        if refused is not None:
            return refused
        posted_at = at + timedelta(seconds=self.behaviour.posts_after_s)
        key = self._insert(command, posted_at)
        done = self._done(command.entity, key)
        return replace(done, raw=None, posted=False) if self.behaviour.posts_after_s else done

    def _insert(self, command: Command, at: datetime) -> str:
        number = self.shape.wire_key(next(self._keys[command.entity]))
        wire = {self.shape.key: number, **command.body}
        if command.reference:
            wire[REFERENCE] = command.reference
            self._created.setdefault((command.entity, command.reference), []).append(str(number))
        self._keep(command.entity, str(number), self._stamped(command.entity, wire, at), at)
        self.log.append(Entry(at, command.entity, str(number), Operation.CREATE, command.reference))
        return str(number)

    def _changed(self, command: Command, wire: Mapping[str, Any]) -> dict[str, Any]:
        if command.operation is not Operation.ACTION:
            return apply(wire, command.body)
        activity = {"action": command.action, "argument": command.argument, "reference": command.reference}
        changed = {**wire, ACTIONS: [*wire.get(ACTIONS, ()), activity]}
        if command.action == "set_status":
            status = next(f for f in self.shape.maps[command.entity].fields if f.path == self.shape.status)
            changed[self.shape.status] = status.atom.put(command.argument, None)
        return changed

    def _stamped(self, entity: str, wire: dict[str, Any], at: datetime, by: str = "") -> dict[str, Any]:
        kept = self.normalise(entity, wire)
        lines, key = self.shape.lines
        if self.behaviour.line_keys and isinstance(kept.get(lines), list):
            kept[lines] = [{key: f"{self.shape.name}-{next(self._serial)}", **row} for row in kept[lines]]
        kept[self.shape.modified_by] = by
        kept[VERSION] = int(wire.get(VERSION, 0)) + 1
        kept[self.shape.modified] = self.shape.wire_time(self._clock_shows(at))
        return kept

    def _keep(
        self, entity: str, key: str, wire: dict[str, Any] | None, at: datetime, merged_into: str = ""
    ) -> None:
        states = self._rows[entity].setdefault(key, [])
        if wire is None and states and states[-1].wire is not None:
            self._removed[entity, key] = states[-1].wire
        body = {self.shape.key: key} if wire is None else wire
        # stamps are whole seconds, as most products keep them
        modified = self._clock_shows(at).replace(microsecond=0)
        # an edit of what is not posted yet is posted with it
        at = max(at, states[-1].at) if states else at
        states.append(_State(at, wire, msgspec.json.encode(body), modified, merged_into))
        shown_from = self.clock.now() - timedelta(seconds=self.behaviour.lag_s)
        while len(states) > 1 and states[1].at <= shown_from:
            states.pop(0)

    def _listing(self, entity: str, since: datetime | None) -> list[Seen]:
        seen_until = self.clock.now() - timedelta(seconds=self.behaviour.lag_s)
        listed = []
        for key, states in self._rows[entity].items():
            state = self._at(states, seen_until)
            if state is None or (since is not None and state.modified < since):
                continue
            if state.wire is not None:
                listed.append(Seen(key, state.raw))
            elif since is not None and state.merged_into and self.behaviour.merge_feed:
                listed.append(Seen(key, state.raw, deleted=True, merged_into=state.merged_into))
            elif since is not None and self.behaviour.delete_feed:
                listed.append(Seen(key, state.raw, deleted=True))
        return listed

    def _done(self, entity: str, key: str) -> Done:
        raw = self._rows[entity][key][-1].raw if self.behaviour.returns_record else None
        return Done(key, raw, posted=True)

    def _living(self, entity: str, key: str) -> Mapping[str, Any]:
        self._catch_up()
        states = self._rows[entity].get(key)
        if not states or states[-1].wire is None:
            raise NothingMatched(f"no {entity} {key} on this platform")
        return states[-1].wire

    def _is_called(self, entity: str, wire: Mapping[str, Any], number: str) -> bool:
        names = (str(wire.get(name) or "") for name in (*self.shape.human[entity], self.shape.key))
        return number.casefold() in {name.casefold() for name in names if name}

    def _clock_shows(self, at: datetime) -> datetime:
        return at + timedelta(seconds=self.behaviour.skew_s)

    @staticmethod
    def _at(states: Sequence[_State], moment: datetime) -> _State | None:
        """The newest state at or before ``moment``."""
        return next((state for state in reversed(states) if state.at <= moment), None)
