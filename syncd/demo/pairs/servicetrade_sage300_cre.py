"""ServiceTrade -> Sage 300 CRE, one way and by file: approved invoices in batches that a person imports."""

from __future__ import annotations

from syncd.demo.pair import FilePair
from syncd.demo.sides import servicetrade
from syncd.demo.sides.by_file import FLOWS, connection, no_crosswalks
from syncd.sandbox.sage300_cre import LAYOUTS

PAIR = FilePair(
    name="servicetrade-sage300-cre",
    title="ServiceTrade → Sage 300 CRE, by file",
    left="servicetrade",
    right="sage300-cre",
    left_title="ServiceTrade",
    right_title="Sage 300 CRE",
    secrets={"servicetrade": ("left", "client_secret")},
    connections=lambda field, _books: servicetrade.connection(field) + connection("sage300-cre"),
    flows=FLOWS,
    crosswalks=no_crosswalks,
    field=servicetrade.office,
    webhooks=True,
    layouts=LAYOUTS,
    whole=False,
)
