"""ServiceTrade -> QuickBooks Online: "Send to QuickBooks" by itself. Customers both ways, approved
invoices and vendors' bills to the ledger, payments seen."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.demo.pair import Bills, Pair, Table
from syncd.demo.sides import quickbooks_online, servicetrade
from syncd.sandbox.company import Company
from syncd.sandbox.quickbooks_online.company import PAYABLES, TAX_ITEM, item_ids
from syncd.sandbox.serve import Ready


def _connections(field: Ready, books: Ready) -> str:
    return (
        servicetrade.connection(field)
        + f"""\
books:
  platform: quickbooks-online
  settings:
    base_url: {books.details["base_url"]}
    realm_id: "{books.details["realm_id"]}"
    auth:
      client_id: {books.details["client_id"]}
      client_secret: file:keys/quickbooks
      refresh_token: file:keys/consent
      login_url: {books.details["base_url"]}
      revoke_url: {books.details["base_url"]}
    chart: {{tax_item: "{TAX_ITEM}", payables_account: "{PAYABLES}"}}
    requests_per_s: 200
  settle: {{seconds: 5, provenance: measured}}
"""
    )


_FLOWS = (
    """\
customer:
  mode: both
  create: [right]
  fields:
    name: {rule: left}
"""
    + servicetrade.INVOICES
    + servicetrade.BILLS
    + """\
payment: {mode: observe}
"""
)


def _crosswalks(company: Company) -> Mapping[str, Table]:
    ids = item_ids(company)
    return {"item": Table(list(ids.items()), ids["NOCHARGE"])}


PAIR = Pair(
    name="servicetrade-quickbooks-online",
    title="ServiceTrade → QuickBooks Online",
    left="servicetrade",
    right="quickbooks-online",
    left_title="ServiceTrade",
    right_title="QuickBooks",
    secrets={
        "servicetrade": ("left", "client_secret"),
        "quickbooks": ("right", "client_secret"),
        "consent": ("right", "secret"),
    },
    connections=_connections,
    flows=_FLOWS,
    crosswalks=_crosswalks,
    field=servicetrade.office,
    books=quickbooks_online.books,
    bills=Bills(servicetrade.bills, quickbooks_online.bills),
    webhooks=True,
    options={"quickbooks-online": {"rotates_after_s": "86400"}},
)
