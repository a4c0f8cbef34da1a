"""How two sides are kept equal, as data: shown, diffed, fingerprinted, never subclassed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from hashlib import blake2b
from json import dumps

from syncd.core.model import Side


class Mode(StrEnum):
    """Which way a flow writes."""

    OBSERVE = "observe"
    """Read both sides, write neither."""
    LEFT_TO_RIGHT = "left-to-right"
    RIGHT_TO_LEFT = "right-to-left"
    BOTH = "both"

    def writes(self, side: Side) -> bool:
        """Whether this mode may write to ``side``."""
        return self is Mode.BOTH or self.value.endswith(f"-to-{side.value}")


class Rule(StrEnum):
    """Who wins when both sides changed one field to different values."""

    LEFT = "left"
    RIGHT = "right"
    NEWEST = "newest"
    """Only where both sides' modification times can be trusted, beyond the skew margin."""
    UNION = "union"
    """Sets of words, and lines with a key of their own: each side takes what the other added or dropped."""
    MAX = "max"
    MIN = "min"
    IMMUTABLE = "immutable"
    """Set once; a later change on either side is a conflict."""
    MANUAL = "manual"
    """Keep both versions, a person decides. The default, and what any rule without its input becomes."""


class Deletes(StrEnum):
    """What a proven removal on one side means for the other."""

    HOLD = "hold"
    ARCHIVE = "archive"
    """Put away where the platform can (its connector says how), else held."""
    PROPAGATE = "propagate"


class EditedMeanwhile(StrEnum):
    """What becomes of a record that one side removed and the other edited."""

    EDIT_WINS = "edit-wins"
    """It is made anew where it was removed, or held where the flow creates nothing there."""
    REMOVAL_WINS = "removal-wins"
    """It is treated as if it had not been edited."""
    HOLD = "hold"


class Kind(StrEnum):
    """How a field's value crosses from one side to the other."""

    PLAIN = "plain"
    REFERENCE = "reference"
    """The key of another record; crosses through that record's pair."""
    CROSSWALK = "crosswalk"
    """A code of the platform; crosses through the link's table of that name."""
    LINES = "lines"
    """The lines of a document; each of their fields crosses by its own kind."""


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """One canonical field within one flow."""

    name: str
    kind: Kind = Kind.PLAIN
    target: str = ""
    """The entity a reference points at, or the crosswalk's table."""
    source: str = ""
    """For a crosswalk: the field whose code is translated, where the other side has none of this name
    (an item decides the GL account)."""
    rule: Rule = Rule.MANUAL
    normaliser: str = "exact"
    """A name in ``canonical.NORMALISERS``: what counts as the same on both sides."""
    group: str = ""
    """Fields of one group merge as one value (an address; amount and currency)."""
    required: bool = False
    """The record cannot be created on the other side while this field is empty."""
    lines: tuple[FieldPolicy, ...] = ()
    """For ``Kind.LINES``: the fields of a line."""
    key: str = ""
    """For ``Kind.LINES``: the field by which a line is known on both sides; such lines are merged one by
    one. Empty where a platform keeps no such field: then the lines are one value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Brakes of one flow. Each trips above its figure, and a person releases it."""

    deletes_count: int = 5
    """With ``deletes_share``: both must be exceeded, so that small ledgers are not stuck."""
    deletes_share: float = 0.05
    changed_share: float = 0.5
    """Share of all pairs that may be written in one cycle, first sync aside ..."""
    changed_floor: int = 20
    """... unless no more than this many are."""
    policy_changed_share: float = 0.1
    """Share of all pairs that may be written because map, policy or crosswalk changed."""
    writes_per_record_hour: int = 6
    """More is a loop in which every cycle succeeds."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """What is told to the source once the other side has answered; each step is its own intent."""

    posted: tuple[tuple[str, str], ...] = ()
    """(action, argument) in order. ``{key}`` is the other side's key."""
    rejected: tuple[tuple[str, str], ...] = ()
    """(action, argument). ``{reason}`` is the refusal in the platform's own words."""


@dataclass(frozen=True, slots=True)
class Posting:
    """When a document stops being a draft, and what its end is. Before, the fields' rules hold on both
    sides; from then on the ledger owns it, and it is corrected by an action there, never by an edit."""

    ledger: Side
    posted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Field of the ledger's record -> values that say it is posted; empty: as soon as it stands there."""
    void: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Field of the source's record -> values that say it was voided; empty: it cannot be."""
    voided: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The same of the ledger's record: what it shows once it is voided there."""
    action: str = ""
    """What voids or reverses it in the ledger; empty: a person does. Carried out once."""
    argument: str = ""

    def ended(self, side: Side) -> Mapping[str, frozenset[str]]:
        """What a side's record shows once it is void there; empty: it cannot be, or shows nothing of it."""
        return self.voided if side is self.ledger else self.void


@dataclass(frozen=True, slots=True)
class FlowPolicy:
    """Everything ``reconcile`` needs to know about one flow."""

    entity: str
    mode: Mode
    fields: tuple[FieldPolicy, ...]
    create: frozenset[Side] = frozenset()
    """Sides on which a missing record may be created."""
    match: tuple[tuple[str, ...], ...] = ()
    """Natural keys in order of trust: tuples of field names compared through their normalisers."""
    select: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Source field -> values: only such records are *created* on the other side (a trigger status)."""
    create_only: bool = False
    """Posted documents: created once, never edited on the other side afterwards."""
    post_existing: bool = False
    """Whether records that met ``select`` before the first sync are created too."""
    posting: Posting | None = None
    """Documents that both sides may edit until they are posted."""
    deletes: Deletes = Deletes.HOLD
    edited: EditedMeanwhile = EditedMeanwhile.EDIT_WINS
    acknowledge: Acknowledge = Acknowledge()
    skew_margin_s: float = 300.0
    """For ``Rule.NEWEST``: closer times than this are no evidence."""
    limits: Limits = Limits()

    def fingerprint(self) -> str:
        """Changes when any decision could change; stored beside every hash that it influenced."""
        plain = dumps(self, sort_keys=True, default=_plain)
        return blake2b(plain.encode(), digest_size=8).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(str(v) for v in value)
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    raise TypeError(type(value).__name__)
