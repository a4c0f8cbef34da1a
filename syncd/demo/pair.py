"""What a demo needs to know about a pair of platforms: data, and how a person works on each side.

A pair is a module in ``syncd.demo.pairs`` with a ``PAIR``; the story tells every pair the same way. A side
is what a person does and sees in one product, in a module of ``syncd.demo.sides``; pairs may share it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple, Protocol

from syncd.core.errors import FixInput
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready


class Told(StrEnum):
    """What a source was told became of its invoice."""

    NOTHING = "nothing"
    POSTED = "posted"
    REFUSED = "refused"


class Waiting(NamedTuple):
    """An invoice, or a vendor's bill, that could be approved."""

    key: str
    number: str


class Document(NamedTuple):
    """An invoice, or a bill, in the ledger. ``mark``: our own reference on it, where the platform has a place
    for one."""

    key: str
    number: str
    total: Decimal
    mark: str = ""


class Shown(NamedTuple):
    """A customer as one side shows it."""

    phone: str | None
    street: str | None


class Approving(Protocol):
    """Documents of one kind in the field-service product, that its office hands over to accounting."""

    async def waiting(self) -> Sequence[Waiting]:
        """Those that may be approved now."""
        ...

    async def approve(self, document: Waiting) -> None: ...

    async def told(self) -> Mapping[str, Told]:
        """Number -> what the product was told became of it; empty where it is never told."""
        ...

    async def totals(self) -> Mapping[str, Decimal]:
        """Key -> its total."""
        ...


class Booking(Protocol):
    """Documents of one kind in the ledger, as its bookkeepers see them."""

    async def documents(self) -> Sequence[Document]:
        """Every living one."""
        ...

    async def doubled(self) -> int:
        """Masters of theirs that stand there twice."""
        ...


class FieldSide(Approving, Protocol):
    """The field-service product, as its office sees it. What is approved are invoices."""

    async def summary(self) -> str:
        """What it holds, in words."""
        ...

    async def set_phone(self, key: str, phone: str) -> None: ...

    async def customer(self, key: str) -> Shown: ...

    async def announces(self) -> bool:
        """Whether it has been asked to announce changes and does so."""
        ...

    async def fall_silent(self) -> None:
        """From now on its announcements are lost."""
        ...

    async def writes(self) -> int:
        """Changes that it has been asked to make so far."""
        ...


class Visit(NamedTuple):
    """What a technician left behind on a job: the numbers of their hours and of the part they used."""

    hours: str
    cost: str


class SiteSide(FieldSide, Protocol):
    """The field-service product, as its office and its technicians see it."""

    async def visit(self, invoice: Waiting, hours: Decimal) -> Visit:
        """A technician works on that invoice's job for so long, and uses a part there."""
        ...

    async def worked(self) -> Mapping[str, Decimal]:
        """Number -> hours of everybody who has clocked out since this was begun."""
        ...

    async def used(self) -> Mapping[str, Decimal]:
        """Number -> what the parts cost that were used since this was begun."""
        ...


class Worked(NamedTuple):
    """Hours of one class of pay, as one side keeps them."""

    pay_class: str
    """regular | overtime | double"""
    hours: Decimal


class Card(NamedTuple):
    """A time entry that could be approved: its id, its job, and its records with their hours."""

    key: str
    job: str
    records: Mapping[str, Worked]


class Line(NamedTuple):
    """Hours in a payroll. ``mark``: our own reference on them, if they are ours."""

    key: str
    mark: str
    worked: Worked


class TimeSide(Protocol):
    """The field-time product, as those see it who verify hours there."""

    async def summary(self) -> str: ...

    async def waiting(self) -> Sequence[Card]:
        """Entries that may be verified now."""
        ...

    async def verify(self, card: Card) -> None: ...

    async def correct(self, card: Card) -> None:
        """A foreman finds that it was an hour more, of the first class."""
        ...

    async def delete(self, card: Card) -> None: ...

    async def hours(self) -> Mapping[str, Worked]:
        """Every living record."""
        ...

    async def writes(self) -> int:
        """Changes that it has been asked to make so far."""
        ...


class PayrollSide(Protocol):
    """The payroll of a ledger, as its bookkeepers see it."""

    async def summary(self) -> str: ...

    async def lines(self) -> Sequence[Line]: ...

    async def close_job(self, job: str) -> None:
        """It takes no hours from now on."""
        ...

    async def reopen_job(self, job: str) -> None: ...

    async def writes(self) -> int: ...


class BooksSide(Booking, Protocol):
    """The ledger, as its bookkeepers see it. Its documents are receivables."""

    async def summary(self) -> str: ...

    async def set_street(self, key: str, street: str) -> None: ...

    async def customer(self, key: str) -> Shown: ...

    async def writes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Table:
    """One crosswalk: (left, right) codes."""

    pairs: Sequence[tuple[str, str]] = ()
    default_right: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Two platforms and the file that links them."""

    name: str
    """As ``syncd demo`` takes it: both platforms' names, joined by ``-``."""
    title: str
    left: str
    right: str
    left_title: str
    right_title: str
    secrets: Mapping[str, tuple[str, str]]
    """File in ``keys/`` -> (left | right, name in what its sandbox says once it listens)."""
    connections: Callable[[Ready, Ready], str]
    """The connections ``field`` and ``books`` as YAML, without indentation."""
    flows: str
    """The link's flows as YAML, without indentation."""
    crosswalks: Callable[[Company], Mapping[str, Table]]
    needs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """left | right -> settings that these flows need of a site's own connection beyond what every connection
    has to say, as YAML without indentation; SET where only the site knows."""
    files: Sequence[str] = ()
    """Further files of the sandboxes' profiles that a profile names (a schema)."""
    bridge: Callable[[Ready], str] | None = None
    """What the bridge's file says of the ERP beside it, as YAML."""
    webhooks: bool = False
    options: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """Platform -> options of its sandbox."""


class Bills(NamedTuple):
    """Vendors' bills on both sides."""

    field: Callable[[Ready, SandboxControl], AbstractAsyncContextManager[Approving]]
    books: Callable[[SandboxControl], Booking]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Linked):
    """A pair whose ledger is spoken to: it answers what it has posted."""

    field: Callable[[Ready, SandboxControl], AbstractAsyncContextManager[FieldSide]]
    books: Callable[[Ready, SandboxControl], AbstractAsyncContextManager[BooksSide]]
    bills: Bills | None = None
    """Where vendors' bills are carried, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePair(Linked):
    """A pair whose ledger takes files: a person imports each, and says what became of it."""

    field: Callable[[Ready, SandboxControl], AbstractAsyncContextManager[SiteSide]]
    layouts: Path
    """The folder of the sandbox's own layouts, one a kind of record."""
    whole: bool
    """Whether one bad record cancels a whole import; else a file of what was put aside comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabourPair(Linked):
    """A pair that carries hours: they are verified on the left and paid on the right."""

    time: Callable[[Ready, SandboxControl], AbstractAsyncContextManager[TimeSide]]
    payroll: Callable[[Ready, SandboxControl], AbstractAsyncContextManager[PayrollSide]]


DEFAULT = "servicetrade-sage100-contractor"
"""The main job."""


def names() -> tuple[str, ...]:
    """Every pair that has a demo."""
    found = import_module("syncd.demo.pairs")
    return tuple(sorted(m.name.replace("_", "-") for m in iter_modules(found.__path__)))


def linked(name: str) -> Linked:
    """The pair of that name. Raises ``FixInput`` with the nearest known one."""
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names())}"
        raise FixInput(f"there is no demo of {name!r}", remedy=hint)
    found: Linked = import_module(f"syncd.demo.pairs.{name.replace('-', '_')}").PAIR
    return found


def pair(name: str) -> Pair:
    """One that posts invoices to a ledger that is spoken to. Raises ``FixInput`` for any other."""
    found = linked(name)
    if not isinstance(found, Pair):
        raise FixInput(f"{found.title} posts no invoices to a ledger that answers")
    return found
