"""ServiceTrade -> ComputerEase, one way and by file: approved invoices go in batches; one error
cancels a whole import."""

from __future__ import annotations

from syncd.demo.pair import FilePair
from syncd.demo.sides import servicetrade
from syncd.demo.sides.by_file import FLOWS, connection, no_crosswalks
from syncd.sandbox.computerease import LAYOUTS

PAIR = FilePair(
    name="servicetrade-computerease",
    title="ServiceTrade → ComputerEase, by file",
    left="servicetrade",
    right="computerease",
    left_title="ServiceTrade",
    right_title="ComputerEase",
    secrets={"servicetrade": ("left", "client_secret")},
    connections=lambda field, _books: servicetrade.connection(field) + connection("computerease"),
    flows=FLOWS,
    crosswalks=no_crosswalks,
    field=servicetrade.office,
    webhooks=True,
    layouts=LAYOUTS,
    whole=True,
)
