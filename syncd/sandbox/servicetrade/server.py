"""The sandbox as a whole: one account, its API, and what a checker may see and do."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from syncd.connectors.servicetrade.profile import load_profile
from syncd.core.errors import FixInput
from syncd.sandbox.company import Company
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.sandbox import Action, Order, View, by_fields
from syncd.sandbox.servicetrade import clock
from syncd.sandbox.servicetrade.account import opened
from syncd.sandbox.servicetrade.api import Api
from syncd.sandbox.servicetrade.auth import Doorkeeper
from syncd.sandbox.servicetrade.checks import BILL
from syncd.sandbox.servicetrade.options import Options
from syncd.sandbox.servicetrade.webhooks import Webhooks
from syncd.sandbox.servicetrade.world import Kind, Row
from syncd.sandbox.servicetrade.writes import type_numbers

OWN_PROFILE: Final = Path(__file__).parent.parent / "profiles" / "servicetrade.yaml"


class ServiceTradeSandbox:
    """One made-up account. Implements ``syncd.sandbox.sandbox.Sandbox``."""

    def __init__(self, order: Order) -> None:
        self.faults = FaultPlan(order.seed)
        self._options = Options.read(order.options)
        self._profile = load_profile(order.profile or OWN_PROFILE)
        self._company = Company.of_size(order.seed, order.size)
        self._world = opened(self._company, self._profile)
        self._doors = Doorkeeper(self._options, self._world.now)
        self._webhooks = Webhooks(self._world, self._options, type_numbers(self._profile))
        self._api = Api(self._world, self._profile, self._options, self._doors, self._webhooks, self.faults)
        self.app: web.Application = self._api.app()

    async def start(self, url: str) -> Mapping[str, str]:
        self._webhooks.start()
        return {
            "base_url": f"{url}/api",
            "client_id": self._options.client_id,
            "client_secret": self._options.client_secret,
            "username": self._options.username,
            "password": self._options.password,
        }

    async def close(self) -> None:
        await self._webhooks.close()

    def reset(self) -> None:
        """Records, logins, subscriptions, counts and clock as at the start."""
        fresh = opened(self._company, self._profile)
        self._world.become(fresh)
        self._doors.forget()
        self._webhooks.forget()
        self._api.requests.clear()

    def state(self) -> Mapping[str, int]:
        """Records by kind, requests, and writes through the API."""
        counts = {str(kind): len(table) for kind, table in self._world.tables.items()}
        vendors = sum(row.vendor for row in self._world.tables[Kind.COMPANY])
        bills = len(self._invoices({"type": BILL}))
        counts |= {"company": counts["company"] - vendors, "vendor": vendors}
        counts |= {"invoice": counts["invoice"] - bills, BILL: bills}
        requests, writes = sum(self._api.requests.values()), sum(self._world.writes.values())
        return {**counts, "requests": requests, "writes": writes}

    # -- for checkers ------------------------------------------------------------------------

    @property
    def views(self) -> Mapping[str, View]:
        return {
            "invoices": lambda query: [one for one in self._invoices(query) if one["type"] != BILL],
            "bills": lambda query: self._invoices({**query, "type": BILL}),
            "companies": self._companies,
            "locations": lambda query: self._plain(Kind.LOCATION, query),
            "jobs": lambda query: self._plain(Kind.JOB, query),
            "job_items": lambda query: self._plain(Kind.JOB_ITEM, query),
            "users": lambda query: self._plain(Kind.USER, query),
            "clock": lambda query: self._plain(Kind.CLOCK, query),
            "comments": lambda query: self._plain(Kind.COMMENT, query),
            "payments": lambda query: self._plain(Kind.PAYMENT, query),
            "writes": self._writes,
            "requests": lambda _: dict(self._api.requests),
            "webhooks": lambda _: {
                "hooks": [hook.wire() for hook in self._webhooks.hooks.values()],
                "deliveries": self._webhooks.log(),
            },
        }

    @property
    def actions(self) -> Mapping[str, Action]:
        return {
            "work": lambda body: clock.work(self._world, body),
            "webhooks/fail": self._fail_webhooks,
            "webhooks/repeat": self._repeat_webhooks,
            "tokens/expire": self._expire,
            "clock/advance": self._advance,
            "ways/turn": self._turn,
            "tokens/life": self._token_life,
        }

    def _invoices(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Every invoice with its comments and writes; amounts as text. ``status``, ``type`` and ``number``
        filter."""
        names = self._profile.comments
        comments: dict[int, list[str]] = {}
        for comment in self._world.tables[Kind.COMMENT]:
            comments.setdefault(comment.fields[names.entity_id], []).append(comment.fields[names.text])
        shown = []
        for row in self._world.tables[Kind.INVOICE]:
            fields = row.fields
            if query.get("status") not in (None, fields["status"]):
                continue
            if query.get("number") not in (None, fields["invoiceNumber"]):
                continue
            if query.get("type") not in (None, fields["type"]):
                continue
            shown.append(
                {
                    **_seen(row),
                    "comments": comments.get(row.id, []),
                    "writes": self._world.writes[Kind.INVOICE, row.id],
                }
            )
        return shown

    def _companies(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Every company; ``customer``: whether it is one: neither bought from, nor the account's own."""
        served = {row.id for row in self._world.tables[Kind.COMPANY] if row.listed and not row.vendor}
        return [{**one, "customer": one["id"] in served} for one in self._plain(Kind.COMPANY, query)]

    def _plain(self, kind: Kind, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Records of a kind with their writes."""
        writes = self._world.writes
        rows = ({**_seen(row), "writes": writes[kind, row.id]} for row in self._world.tables[kind])
        shown: list[dict[str, Any]] = by_fields(lambda: rows)(query)
        return shown

    def _writes(self, _: Mapping[str, str]) -> dict[str, int]:
        """Writes through the API by record: ``invoice/2270000000000123`` -> how many."""
        return {f"{kind}/{ident}": times for (kind, ident), times in self._world.writes.items()}

    def _fail_webhooks(self, body: Mapping[str, Any]) -> dict[str, int]:
        """The next ``times`` tries to deliver find nobody."""
        self._webhooks.fail_next = _count(body, "times")
        return {"fail_next": self._webhooks.fail_next}

    def _repeat_webhooks(self, body: Mapping[str, Any]) -> dict[str, int]:
        """The next ``times`` messages are sent twice."""
        self._webhooks.repeat_next = _count(body, "times")
        return {"repeat_next": self._webhooks.repeat_next}

    def _expire(self, _: Mapping[str, Any]) -> dict[str, int]:
        """Every access token and session is dead; refresh tokens live."""
        self._doors.expire()
        return {}

    def _turn(self, body: Mapping[str, Any]) -> dict[str, int]:
        """Invoices are spelled otherwise: ``rename: {old: new}``, ``cents: true``, ``type: TEXT``."""
        self._world.turn(body)
        return {}

    def _token_life(self, body: Mapping[str, Any]) -> dict[str, int]:
        """Tokens given from now on live ``seconds``; those given so far are dead."""
        self._doors.live(_count(body, "seconds"))
        return {}

    def _advance(self, body: Mapping[str, Any]) -> dict[str, int]:
        """The account's clock goes ahead by ``seconds``."""
        self._world.clock_offset_s += _count(body, "seconds")
        return {"now": self._world.now()}


def _seen(row: Row) -> dict[str, Any]:
    return {"id": row.id, **_as_text(row.fields), "created": row.created, "updated": row.updated}


def _as_text(value: Any) -> Any:
    """The value with every Decimal as exact text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _as_text(below) for name, below in value.items()}
    return [_as_text(below) for below in value] if isinstance(value, list | tuple) else value


def _count(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FixInput(f"{name!r} must be a whole number of at least 0")
    return value
