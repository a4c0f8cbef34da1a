"""ServiceTrade -> Business Central: customers both ways, approved invoices and vendors' bills drafted and
posted at once."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.demo.pair import Bills, Pair, Table
from syncd.demo.sides import business_central, servicetrade
from syncd.sandbox.business_central.company import TAX_ACCOUNT
from syncd.sandbox.company import Company
from syncd.sandbox.serve import Ready


def _connections(field: Ready, books: Ready) -> str:
    return (
        servicetrade.connection(field)
        + f"""\
books:
  platform: business-central
  settings:
    base_url: {books.details["base_url"]}
    root: {books.details["root"]}
    company_id: {books.details["company_id"]}
    auth:
      tenant: {books.details["tenant"]}
      client_id: {books.details["client_id"]}
      client_secret: file:keys/business-central
      login_url: {books.details["base_url"]}
    documents: post
    chart: {{tax: {{type: Account, number: "{TAX_ACCOUNT}"}}}}
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
    number: {rule: right}
"""
    + servicetrade.INVOICES
    + servicetrade.BILLS
)


def _crosswalks(company: Company) -> Mapping[str, Table]:
    return {"item": Table([(item.code, item.code) for item in company.items], "NOCHARGE")}


PAIR = Pair(
    name="servicetrade-business-central",
    title="ServiceTrade → Business Central",
    left="servicetrade",
    right="business-central",
    left_title="ServiceTrade",
    right_title="Business Central",
    secrets={"servicetrade": ("left", "client_secret"), "business-central": ("right", "client_secret")},
    connections=_connections,
    flows=_FLOWS,
    crosswalks=_crosswalks,
    field=servicetrade.office,
    books=business_central.books,
    bills=Bills(servicetrade.bills, business_central.bills),
    webhooks=True,
)
