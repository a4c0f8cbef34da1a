"""A site with Sage in it, in this process: the sandbox's tables and rules, and the shortest bridge."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, insert, update

from syncd.connectors.registry import Opening
from syncd.connectors.sage100_contractor import PLATFORM, Sage100ContractorConnector, Settings
from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile, load_profile
from syncd.core.errors import RenewCredentials
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Connector
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.sage100_contractor.billing import Books, Right
from syncd.sandbox.sage100_contractor.database import CompanyDatabase, Row
from syncd.sandbox.sage100_contractor.installation import Account, Installation, ProductObject
from syncd.sandbox.sage100_contractor.mbxml import Dialect
from syncd.sandbox.sage100_contractor.people import BOOKKEEPER
from syncd.sandbox.sage100_contractor.processor import Processor, Submission
from syncd.sandbox.sage100_contractor.tables import (
    ACRINV,
    ACRPMT,
    ACTREC,
    ARIVLN,
    CLNSTS,
    CSTCDE,
    DLYPYR,
    EMPLOY,
    JOBSTS,
    LGRACT,
    RECCLN,
    SRVINV,
    SRVLIN,
    SRVLOC,
    TAXDST,
)

PASSWORD: Final = "open-sesame"
ACCOUNT: Final = 4000
"""A ledger account, tax district, cost code and client that exist."""
DISTRICT: Final = 7

_ALIKE: Final[Mapping[str, Table]] = {
    "customer": RECCLN,
    "location": SRVLOC,
    "job": ACTREC,
    "employee": EMPLOY,
    "time_entry": DLYPYR,
}
TABLES: Final[Mapping[str, Mapping[str, Table]]] = {
    "job": {**_ALIKE, "invoice": ACRINV, "payment": ACRPMT},
    "service": {**_ALIKE, "invoice": SRVINV},
}
"""billing -> entity -> its table."""


def sandbox_profile(**changes: Any) -> Sage100ContractorProfile:
    """The sandbox's own site profile, with sections replaced."""
    with as_file(files("syncd.sandbox") / "profiles") as folder:
        return load_profile(folder / "sage100-contractor.yaml").model_copy(update=changes)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the connector waits for nobody")


class NoVault:
    async def load(self, connection: str, name: str) -> bytes | None:
        raise AssertionError("Sage's password stays with the bridge")

    async def save(self, connection: str, name: str, value: bytes) -> None:
        raise AssertionError("Sage's password stays with the bridge")


Strike = Callable[[], BaseException | None]


@dataclass
class DirectChannel:
    """A ``BridgeChannel`` without a bridge: SQL on the sandbox's file, documents to its object."""

    path: Path
    product: ProductObject
    password: str = PASSWORD
    connected: bool = True
    queries: list[str] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)
    before_query: list[Strike] = field(default_factory=list)
    """Each is called before one query; what it returns is raised."""
    instead_of_submit: list[Callable[[Callable[[], bytes]], bytes]] = field(default_factory=list)
    """Each is given one submission, and answers in its place."""

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        if self.password != PASSWORD:
            raise RenewCredentials("the database refuses the bridge's login")
        if self.before_query and (raised := self.before_query.pop(0)()) is not None:
            raise raised
        self.queries.append(statement)
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement, dict(parameters))]

    async def submit(self, document: bytes) -> bytes:
        self.documents.append(document)

        def carry_out() -> bytes:
            return self.product.submit(document.decode(), self.password).encode()

        return self.instead_of_submit.pop(0)(carry_out) if self.instead_of_submit else carry_out()


class Site:
    """One company in Sage, empty but for its catalogues. People enter and edit records in it."""

    def __init__(self, folder: Path, *, billing: str = "job", **changes: Any) -> None:
        self.billing = billing
        self.profile = sandbox_profile(**changes)
        self.database = CompanyDatabase(folder / "company.db", self.profile.server_time_zone)
        self.database.create()
        self.faults = FaultPlan()
        self.books = Books(self.profile, frozenset(Right))
        dialect = Dialect(self.profile)
        self.processor = Processor(self.profile, dialect, self.database, self.books, self.faults)
        self.installation = Installation(
            Account("SAGE", "Demo Mechanical", "SYNCAPI", PASSWORD, in_api_group=True),
            licences=2,
            exclusive_demanded=False,
            dialect=dialect,
            processor=self.processor,
            faults=self.faults,
        )
        self._catalogues()

    def connect(self, *, password: str = PASSWORD, **settings: Any) -> tuple[Connector, DirectChannel]:
        product = self.installation.open()
        assert product.set_data_source("SAGE") == product.initialize() == product.enable_requests() == 0
        channel = DirectChannel(self.database.path, product, password)
        return self.open(channel, **settings), channel

    def open(
        self,
        channel: DirectChannel,
        *,
        custom: Mapping[str, Mapping[str, str]] | None = None,
        **settings: Any,
    ) -> Sage100ContractorConnector:
        given = {"company": "Demo Mechanical", "user": "SYNCAPI", "dialect": "sqlite", "page_size": 4}
        given |= {"billing": self.billing, "locations": True, "payroll": True}
        connector = PLATFORM.open(
            Opening(
                connection="ledger",
                settings=Settings(**{**given, **settings}),
                clock=SystemClock(),
                vault=NoVault(),
                profile=self.profile,
                channel=channel,
                settle_s=5.0,
                settle_provenance="measured",
                custom=custom or {},
            )
        )
        assert isinstance(connector, Sage100ContractorConnector)
        return connector

    @property
    def submissions(self) -> list[Submission]:
        return self.processor.submissions

    def close(self) -> None:
        self.database.close()

    # -- what people do --------------------------------------------------------------------------

    def add(self, table: Table, age: timedelta = timedelta(), **columns: Any) -> Row:
        """A row as a person enters it, ``age`` ago."""
        with self.database.work(BOOKKEEPER) as work:
            if "recnum" in table.c and "recnum" not in columns and table is not SRVLOC:
                columns["recnum"] = work.next_number(table)
            at = work.now - age
            return work.insert(table, {"insdte": at, "upddte": at, **columns})

    def edit(self, table: Table, idnum: str, **columns: Any) -> None:
        with self.database.work(BOOKKEEPER) as work:
            work.update(table, idnum, columns)

    def stamp(self, table: Table, idnum: str, at: datetime | None) -> None:
        """Set a row's change stamp, as no person could."""
        with self.database.work(BOOKKEEPER) as work:
            work.connection.execute(
                update(table).where(table.c["_idnum"] == idnum).values(upddte=at, insdte=at)
            )

    def rows(self, table: Table, **equal: Any) -> list[Row]:
        with self.database.reading() as work:
            return work.rows(table, *(table.c[name] == value for name, value in equal.items()))

    def client(self, **columns: Any) -> Row:
        return self.add(RECCLN, **{"clnnme": "Orchard Foods", "zipcde": "43215", "status": 1, **columns})

    def job(self, **columns: Any) -> Row:
        client = columns.pop("clnnum", None) or self.client()["recnum"]
        return self.add(ACTREC, **{"jobnme": "Annual inspection", "clnnum": client, "status": 4, **columns})

    def invoice(self, *, lines: int = 1, **columns: Any) -> Row:
        """A posted document of this site's billing, with its lines."""
        header, line = (ACRINV, ARIVLN) if self.billing == "job" else (SRVINV, SRVLIN)
        parent = "jobnum" if self.billing == "job" else "clnnum"
        if parent not in columns:
            columns[parent] = (self.job() if parent == "jobnum" else self.client())["recnum"]
        total = Decimal(100) * lines
        given = {"invdte": date(2026, 3, 1), "status": 1, "invttl": total, "invbal": total, "lgrrec": 1}
        if self.billing == "job":
            given["invtyp"] = 1
        document = self.add(header, **{**given, **columns})
        age = columns.get("age", timedelta())
        for at in range(1, lines + 1):
            self.add(
                line, age, _idref=document["_idnum"], linnum=at, dscrpt=f"Line {at}", extprc=Decimal(100)
            )
        return document

    def employee(self, **columns: Any) -> Row:
        return self.add(EMPLOY, **{"lstnme": "Whitaker", "fstnme": "Dana", "status": 1, **columns})

    def hours(self, **columns: Any) -> Row:
        """A line of daily payroll."""
        if "empnum" not in columns:
            columns["empnum"] = self.employee()["recnum"]
        number = len(self.rows(DLYPYR)) + 1
        given = {"paydte": date(2026, 3, 2), "linnum": number, "paytyp": 1, "payhrs": Decimal(8)}
        return self.add(DLYPYR, **{**given, **columns})

    def _catalogues(self) -> None:
        rows: Mapping[Table, list[dict[str, Any]]] = {
            CLNSTS: [{"recnum": n, "stsnme": word} for n, word in self.profile.client_statuses.items()],
            JOBSTS: [{"recnum": n, "stsnme": word} for n, word in self.profile.job_statuses.items()],
            TAXDST: [{"recnum": DISTRICT, "dstnme": "Franklin County"}],
            LGRACT: [{"recnum": ACCOUNT, "shtnme": "Service income"}],
            CSTCDE: [{"recnum": Decimal("15.5"), "cdenme": "Inspection"}],
        }
        with self.database.work(BOOKKEEPER) as work:
            for table, content in rows.items():
                work.connection.execute(insert(table), content)


async def walked(connector: Connector, entity: str, since: str | None = None) -> Mapping[str, bytes]:
    """Key -> raw of a whole walk."""
    pages = [page async for page in connector.pages(entity, since=since)]
    return {seen.key: seen.raw for page in pages for seen in page.records}


def sandbox_maps() -> Mapping[str, EntityMap]:
    """Every map of the sandbox's profile, both billings: what the lens laws run over."""
    maps: dict[str, EntityMap] = {}
    for billing in TABLES:
        opening = Opening(
            connection="ledger",
            settings=Settings(
                company="Demo Mechanical", user="SYNCAPI", billing=billing, locations=True, payroll=True
            ),
            clock=SystemClock(),
            vault=NoVault(),
            profile=sandbox_profile(),
            channel=_Unplugged(),
            custom={"customer": {"warranty": "usrdf2"}},
        )
        specs = PLATFORM.open(opening).capabilities.entities
        maps |= {f"{billing}-{entity}": spec.map for entity, spec in specs.items()}
    return maps


class _Unplugged:
    connected = False

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        raise AssertionError("nothing is asked")

    async def submit(self, document: bytes) -> bytes:
        raise AssertionError("nothing is written")
