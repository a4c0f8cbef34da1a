"""Plays the stories of a pair whose ledger is spoken to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from syncd.api.models import HoldView
from syncd.demo.pair import Told, Waiting
from syncd.demo.result import doubled
from syncd.demo.site import LINK
from syncd.sandbox.faults import Fault, FaultKind
from tests.golden.pairs.telling import tell
from tests.golden.parser import Sentence
from tests.integration.pairs.story import Story, told

SENTENCES: Final = {
    "sync": r"sync( (?P<times>\d+) times)?",
    "approve": r"the office approves (?P<count>\d+) (?P<kind>invoice|bill)s?",
    "phone": r"the office gives a customer the phone (?P<phone>.+)",
    "street": r"the bookkeeper moves the same customer to (?P<street>.+)",
    "fault": r"the next (?P<times>\d+ )?writes? of the (?P<side>field|ledger) (?P<fault>.+)",
    "login": r"the (?P<side>field|ledger) ends every login",
    "send": r"the operator sends one invoice that nobody approved( (?P<times>\d+) times)?",
    "hold": r"the operator holds everything",
    "release": r"the operator releases everything",
    "retry": r"the operator retries what was refused",
    "posted": r"then each of them stands in the ledger once",
    "absent": r"then none of them stands in the ledger",
    "missing": r"then (?P<count>\d+) of them (is|are) refused",
    "heard": r"then the office is told that they are posted",
    "totals": r"then both sides' totals are equal to the cent",
    "historical": r"then nothing that was there before was posted",
    "shows": r"then both sides show that phone and that street",
    "quiet": r"then nothing more is written",
}
_FAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "is carried out, but its answer is lost": {"kind": FaultKind.LOST_ANSWER},
    "are carried out, but their answers are lost": {"kind": FaultKind.LOST_ANSWER},
    "are told to come back later": {"kind": FaultKind.STATUS, "status": 429, "retry_after_s": 1},
    "is carried out, but a gateway answers": {"kind": FaultKind.COMMIT_THEN_STATUS, "status": 502},
    "never arrives": {"kind": FaultKind.LOST_BEFORE},
    "is answered by a web page": {"kind": FaultKind.HTML},
    "is told to come back later": {"kind": FaultKind.STATUS, "status": 429, "retry_after_s": 1},
    "is refused": {"kind": FaultKind.STATUS, "status": 400},
}
_NOT_A_LOGIN: Final = "*[!n]"
"""Addresses of logins end in n (``.../token``)."""


class Player:
    """One playing of one story."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._mine: dict[str, list[Waiting]] = {kind: [] for kind in story.kinds}
        self._before: dict[str, int] = {}
        self._edited = ("", "")
        self._held: HoldView | None = None
        self._shown = {"phone": "", "street": ""}

    async def sync(self, times: str = "1") -> None:
        if not self._before:
            self._before = {
                kind: len(await books.documents()) for kind, (_, books) in self._story.kinds.items()
            }
        await self._story.sync(int(times), quiet=False)

    async def approve(self, count: str, kind: str) -> None:
        field, _ = self._story.kinds[kind]
        chosen = list(await field.waiting())[: int(count)]
        assert len(chosen) == int(count), f"only {len(chosen)} could be approved"
        for document in chosen:
            await field.approve(document)
        self._mine[kind] += chosen

    async def phone(self, phone: str) -> None:
        self._edited = next(iter(await self._story.opened.store.bindings(LINK, "customer")))
        self._shown["phone"] = phone
        await self._story.field.set_phone(self._edited[0], phone)

    async def street(self, street: str) -> None:
        self._shown["street"] = street
        await self._story.books.set_street(self._edited[1], street)

    async def fault(self, side: str, fault: str, times: str = "1") -> None:
        control = self._story.controls[side == "ledger"]
        # what is ordered for writes must not strike the searches that are sent as POST
        ordered = {**_FAULTS[fault], "method": "P*", "path": _NOT_A_LOGIN, "times": int(times)}
        await control.order(Fault.model_validate(ordered))

    async def login(self, side: str) -> None:
        control = self._story.controls[side == "ledger"]
        await control.order(Fault(kind=FaultKind.EXPIRE_TOKEN, method="*", path=_NOT_A_LOGIN, times=1))

    async def send(self, times: str = "1") -> None:
        wanted, *_ = await self._story.field.waiting()
        self._mine["invoice"].append(wanted)
        operator = self._story.opened.operator(daemon=False)
        for _ in range(int(times)):
            await operator.send(LINK, "invoice", wanted.number, actor="operator")

    async def hold(self) -> None:
        operator = self._story.opened.operator(daemon=False)
        self._held = await operator.hold(f"link:{LINK}", "month end", "operator")

    async def release(self) -> None:
        assert self._held is not None, "nothing is held"
        await self._story.opened.operator(daemon=False).release([self._held.id], "operator")

    async def retry(self) -> None:
        await self._story.at.retry_all()

    # -- what must be true

    async def posted(self) -> None:
        for kind, (_, books) in self._story.kinds.items():
            documents = await books.documents()
            numbers = Counter(document.number for document in documents)
            wrong = {i.number: numbers[i.number] for i in self._mine[kind] if numbers[i.number] != 1}
            assert not wrong, f"times they stand there: {wrong}"
            assert doubled(documents) == await books.doubled() == 0

    async def absent(self) -> None:
        for kind, (_, books) in self._story.kinds.items():
            numbers = {document.number for document in await books.documents()}
            assert not numbers & {document.number for document in self._mine[kind]}

    async def missing(self, count: str) -> None:
        refused = await self._story.opened.operator(daemon=False).quarantine()
        assert len(refused) == int(count), [one.reason for one in refused]

    async def heard(self) -> None:
        for kind, (field, _) in self._story.kinds.items():
            found = await field.told() if self._mine[kind] else {}
            wrong = {
                i.number: found[i.number] for i in self._mine[kind] if found[i.number] is not Told.POSTED
            }
            assert not wrong, wrong

    async def totals(self) -> None:
        for kind in self._story.kinds:
            left, right = await self._story.totals(kind)
            assert left == right, f"{kind}: {left} and {right}"

    async def historical(self) -> None:
        for kind, (_, books) in self._story.kinds.items():
            posted = len(await books.documents()) - self._before[kind]
            assert posted == len(self._mine[kind]), f"{posted} were posted"

    async def shows(self) -> None:
        left, right = self._edited
        for shown in (await self._story.field.customer(left), await self._story.books.customer(right)):
            assert {"phone": shown.phone, "street": shown.street} == self._shown

    async def quiet(self) -> None:
        async def writes() -> int:
            return await self._story.field.writes() + await self._story.books.writes()

        before = await writes()
        await self._story.sync(2)
        assert await writes() == before


async def play(pair: str, sentences: tuple[Sentence, ...], folder: Path, size: int) -> None:
    """From the first sentence to the last. Raises ``AssertionError`` with the file and line."""
    async with told(pair, folder, size=size) as story:
        await tell(Player(story), sentences)
