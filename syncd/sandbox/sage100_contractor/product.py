"""The sandbox itself: the product seen from beside it, as an HTTP face for its object and a file
for its database."""

from __future__ import annotations

import tempfile
from asyncio import BaseTransport
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

import orjson
from aiohttp import web

from syncd.connectors.sage100_contractor.profile import load_profile
from syncd.sandbox.company import Company
from syncd.sandbox.failing import failing
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.sage100_contractor.billing import Books, Right
from syncd.sandbox.sage100_contractor.database import CompanyDatabase
from syncd.sandbox.sage100_contractor.installation import Account, Installation, ProductObject, call
from syncd.sandbox.sage100_contractor.mbxml import Dialect
from syncd.sandbox.sage100_contractor.options import Options
from syncd.sandbox.sage100_contractor.people import People
from syncd.sandbox.sage100_contractor.processor import Processor
from syncd.sandbox.sage100_contractor.seed import books_of
from syncd.sandbox.sage100_contractor.views import Views
from syncd.sandbox.sandbox import Action, Order, View

OWN_PROFILE: Final = Path(__file__).parent.parent / "profiles" / "sage100-contractor.yaml"
"""The site profile that the sandbox keeps to when it is given no other."""

_KEEP_ALIVE_S: Final = 3600.0
"""A caller's object lives as long as its connection, so an idle one is not cut."""
_DOCUMENT_BYTES: Final = 16 * 1024 * 1024


class Sage100ContractorSandbox:
    """Sage 100 Contractor with one company, on one machine."""

    def __init__(self, order: Order) -> None:
        """Raises ``FixInput`` for an option or profile that is not understood."""
        self._order: Final = order
        self._options: Final = Options.read(dict(order.options))
        self._profile_file: Final = order.profile or OWN_PROFILE
        self._profile: Final = load_profile(self._profile_file)
        path = self._options.database or Path(tempfile.gettempdir(), f"sage100-contractor-{uuid4()}.db")
        self._database: Final = CompanyDatabase(path.resolve(), self._profile.server_time_zone)
        self._faults: Final = FaultPlan(order.seed)
        self._books: Final = Books(self._profile, _rights(self._options))
        dialect = Dialect(self._profile)
        self._processor: Final = Processor(self._profile, dialect, self._database, self._books, self._faults)
        self._installation: Final = self._installed(dialect)
        self._views: Final = Views(self._database, self._processor)
        self._people: Final = People(self._profile, self._database, self._books, self._installation)
        self._held: dict[BaseTransport, ProductObject] = {}

    def _installed(self, dialect: Dialect) -> Installation:
        options, demanded = self._options, self._options.exclusive_access
        return Installation(
            Account(options.data_source, options.company, options.user, options.password, options.api_group),
            licences=options.licences,
            exclusive_demanded=self._profile.exclusive_access if demanded is None else demanded,
            dialect=dialect,
            processor=self._processor,
            faults=self._faults,
        )

    @property
    def faults(self) -> FaultPlan:
        return self._faults

    @property
    def app(self) -> web.Application:
        app = web.Application(
            middlewares=[failing(self._faults)],
            client_max_size=_DOCUMENT_BYTES,
            handler_args={"keepalive_timeout": _KEEP_ALIVE_S},
        )
        app.router.add_post("/object/{method}", self._call)
        return app

    @property
    def views(self) -> Mapping[str, View]:
        return self._views.views

    @property
    def actions(self) -> Mapping[str, Action]:
        return self._people.actions

    def state(self) -> Mapping[str, int]:
        self._sweep()
        return {**self._views.counts(), "licences_used": self._installation.licences_used}

    def reset(self) -> None:
        self._held.clear()
        self._installation.drop_all()
        self._books.closed.clear()
        self._processor.submissions.clear()
        self._fill()

    async def start(self, url: str) -> Mapping[str, str]:
        if self._database.create():
            self._fill()
        options = self._options
        return {
            "database_url": self._database.url,
            "object_url": url,
            "data_source": options.data_source,
            "company": options.company,
            "user": options.user,
            "password": options.password,
            "profile": str(self._profile_file.resolve()),
        }

    async def close(self) -> None:
        self._database.close(remove=self._options.database is None)

    def _fill(self) -> None:
        company = Company.of_size(self._order.seed, self._order.size)
        by_job = self._options.billing == "job"
        self._database.replace_all(books_of(company, self._profile, by_job=by_job))

    async def _call(self, request: web.Request) -> web.Response:
        """``{"args": [text, ...]}`` -> ``{"result": number or text}``, or 4xx with ``{"error": ...}``."""
        try:
            body = orjson.loads(await request.read())
            result = call(self._object_of(request), request.match_info["method"], body["args"])
        except LookupError:
            return _json({"error": "the object has no such method"}, status=404)
        except (orjson.JSONDecodeError, TypeError) as wrong:
            return _json({"error": str(wrong)}, status=400)
        return _json({"result": result})

    def _object_of(self, request: web.Request) -> ProductObject:
        """The object of the calling process: one connection is one process."""
        self._sweep()
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the caller is gone")
        if transport not in self._held:
            self._held[transport] = self._installation.open()
        return self._held[transport]

    def _sweep(self) -> None:
        """Callers whose connection has ended have ended too."""
        for transport in [t for t in self._held if t.is_closing()]:
            self._installation.drop(self._held.pop(transport))


def _rights(options: Options) -> frozenset[Right]:
    granted = {Right.SAVE: options.save_right, Right.CHANGE_PERIOD: options.change_period_right}
    return frozenset(right for right, has in granted.items() if has)


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")
