"""ServiceTrade -> Sage 100 Contractor: the main job, through a bridge."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.demo.pair import Pair, Table
from syncd.demo.sides import sage100_contractor, servicetrade
from syncd.sandbox.company import Company
from syncd.sandbox.serve import Ready


def _connections(field: Ready, books: Ready) -> str:
    return servicetrade.connection(field) + sage100_contractor.connection(books, billing="job")


_FLOWS = """\
customer:
  mode: both
  fields:
    name: {rule: left}
    number: {rule: right}
location: {mode: observe}
job:
  mode: left-to-right
  create: [right]
  fields:
    customer: {rule: left}
    name: {rule: left}
invoice:
  mode: left-to-right
  create: [right]
  posting: {ledger: right, void: {status: [void]}, voided: {status: [void]}}
  select: {status: [pending_accounting]}
  fields:
    lines.account: {crosswalk: gl_account, source: item}
  acknowledge:
    posted: [[set_external_id, "{key}"], [set_status, processed]]
    rejected: [[set_status, failed], [comment, "{reason}"]]
payment: {mode: observe}
"""


def _crosswalks(company: Company) -> Mapping[str, Table]:
    return {
        "tax": Table([(d.code, str(d.ledger_number)) for d in company.tax_districts]),
        "gl_account": Table([(item.code, str(item.ledger_account)) for item in company.items]),
    }


PAIR = Pair(
    name="servicetrade-sage100-contractor",
    title="ServiceTrade → Sage 100 Contractor",
    left="servicetrade",
    right="sage100-contractor",
    left_title="ServiceTrade",
    right_title="Sage",
    secrets={"servicetrade": ("left", "client_secret"), "sage": ("right", "password")},
    connections=_connections,
    flows=_FLOWS,
    crosswalks=_crosswalks,
    field=servicetrade.office,
    books=sage100_contractor.books,
    files=("mbxml.xsd",),
    bridge=sage100_contractor.beside,
    webhooks=True,
)
