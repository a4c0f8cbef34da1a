"""What ``syncd check`` finds out about a connection, without writing anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.connectors.sage100_contractor.entities import Shapes
from syncd.connectors.sage100_contractor.mbxml import Contract, Session, build, encoded, read_answer
from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.connectors.sage100_contractor.settings import Settings
from syncd.connectors.sage100_contractor.statements import Statements
from syncd.connectors.sage100_contractor.tables import CATALOGUES, Layout, Source
from syncd.core.errors import RenewCredentials, SyncdError
from syncd.ports import BridgeChannel, Finding

_MESSAGE_SET: Final = "syncd-check"

_NO_SUCH_CLIENT: Final = "0"
"""No client has it: the query shows that the API user may speak, and reads nobody's record."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One look at everything the connection relies on."""

    settings: Settings
    profile: Sage100ContractorProfile
    channel: BridgeChannel
    statements: Statements
    layout: Layout
    sources: Mapping[str, Source]
    contract: Contract

    async def findings(self) -> Sequence[Finding]:
        """Never raises: what fails is a finding."""
        found = self._schema()
        if not self.channel.connected:
            return [
                *found,
                _error("bridge", "no bridge is dialled in", "start `syncd bridge` on Sage's server"),
            ]
        found.append(_ok("bridge", "dialled in"))
        try:
            found += await self._tables()
            found += await self._catalogues()
            found += await self._login()
        except SyncdError as wrong:
            found.append(
                _error("sage", wrong.message, wrong.remedy or "see the log of the bridge beside Sage")
            )
        return found

    def _schema(self) -> list[Finding]:
        try:
            missing = [
                name
                for name, shape in self.profile.requests.offered().items()
                if not self.contract.offers(shape.name)
            ]
            seen = _ok("mbxml.xsd", f"readable, fingerprint {self.contract.fingerprint}")
        except SyncdError as wrong:
            return [_error("mbxml.xsd", wrong.message, wrong.remedy)]
        return [seen, *(self._unoffered(name) for name in missing), *self._shapes()]

    def _unoffered(self, name: str) -> Finding:
        return _error(
            f"profile requests.{name}",
            f"{self.profile.requests.offered()[name].name} is not in the site's mbxml.xsd",
            "take the request's name from mbxml.xsd, or remove it: records are then not created by us",
        )

    def _shapes(self) -> list[Finding]:
        found = []
        reference = self.layout.reference
        for entity, source in self.sources.items():
            shapes = Shapes.of(source.table, self.profile.requests)
            if shapes.creates and not shapes.creates_with(reference):
                found.append(
                    _warning(
                        f"profile requests ({entity})",
                        f"no create is offered: the request has no element for our reference ({reference})",
                        f"add the element that fills {reference} to the profile",
                    )
                )
            only = sorted(
                column
                for column in (shapes.update.elements if shapes.update else ())
                if shapes.creates and not shapes.creates_with(column)
            )
            if only:
                found.append(
                    _warning(
                        f"profile requests ({entity})",
                        f"not written, because only the update carries them: {', '.join(only)}",
                        "add their elements to the request that creates",
                    )
                )
        return found

    async def _tables(self) -> list[Finding]:
        needed = {source.table for source in self.sources.values()}
        needed |= {source.lines for source in self.sources.values() if source.lines}
        present: dict[str, dict[str, int | None]] = defaultdict(dict)
        statement = self.statements.inventory(sorted(needed))
        for row in await self.channel.query(statement.text, statement.parameters):
            table, column = str(row["table_name"]).lower(), str(row["column_name"]).lower()
            present[table][column] = row["character_maximum_length"]
        found = [self._table(table, present.get(table, {})) for table in sorted(needed)]
        return found + self._widths(present)

    def _table(self, table: str, present: Mapping[str, int | None]) -> Finding:
        if not present:
            return _error(
                f"table {table}",
                "not there, or the SQL login may not see it",
                "grant SELECT on it to the bridge's login, and check the database's name",
            )
        missing = sorted(set(self.layout.columns(table)) - set(present))
        if missing:
            return _error(
                f"table {table}",
                f"has no column {', '.join(missing)}",
                f"if this version has none, list them under `absent` as {table}.{missing[0]}",
            )
        return _ok(f"table {table}", f"{len(self.layout.columns(table))} columns readable")

    def _widths(self, present: Mapping[str, Mapping[str, int | None]]) -> list[Finding]:
        return [
            _warning(
                f"profile widths.{table}.{column}",
                f"the database holds {actual} characters, the profile says {said}",
                "set the width to what the database holds",
            )
            for table, columns in sorted(self.profile.widths.items())
            for column, said in sorted(columns.items())
            if (actual := present.get(table, {}).get(column)) is not None and 0 < actual < said
        ]

    async def _catalogues(self) -> list[Finding]:
        found = []
        for name, columns in CATALOGUES.items():
            statement = self.statements.catalogue(name, columns)
            try:
                rows = await self.channel.query(statement.text, statement.parameters)
            except RenewCredentials:
                raise
            except SyncdError as wrong:
                found.append(_warning(f"catalogue {name}", wrong.message, "grant SELECT on it"))
                continue
            numbers = {int(row["recnum"]) for row in rows}
            found.append(_ok(f"catalogue {name}", f"{len(numbers)} entries"))
            found += self._uncovered(name, numbers)
        return found

    def _uncovered(self, catalogue: str, numbers: set[int]) -> list[Finding]:
        """Statuses that the site has and the profile has no word for: such records cannot be read."""
        match catalogue:
            case "clnsts":
                covered, chosen = set(self.profile.client_statuses), self.settings.client_status
            case "jobsts":
                covered, chosen = set(self.profile.job_statuses), self.settings.job_status
            case _:
                return []
        found = []
        if wordless := ", ".join(map(str, sorted(numbers - covered))):
            found.append(
                _warning(
                    f"catalogue {catalogue}",
                    f"the profile has no word for status {wordless}",
                    "add them to the profile: records in such a status are quarantined",
                )
            )
        if chosen is not None and numbers and chosen not in numbers:
            found.append(
                _error(
                    f"catalogue {catalogue}",
                    f"has no status {chosen}, which new records would get",
                    "choose a status of the catalogue in the connection's settings",
                )
            )
        return found

    async def _login(self) -> list[Finding]:
        shape = self.profile.requests.client_query
        if shape is None:
            return [
                _warning(
                    "API user",
                    "not tried: the profile has no request that only reads",
                    "add client_query (ClientQryRq) to the profile",
                )
            ]
        session = Session(self.profile.namespace, self.settings.company, self.settings.user)
        document = build(session, shape, message_set=_MESSAGE_SET, key=_NO_SUCH_CLIENT, values={})
        answer = read_answer(await self.channel.submit(encoded(document)), shape, _MESSAGE_SET)
        match self.profile.answers.meaning(answer.code, answer.message):
            case "login_refused":
                return [
                    _error(
                        "API user",
                        f"refused: {answer.message}",
                        "check user and password with the bridge, and that the user is in the group API",
                    )
                ]
            case "retry_later":
                return [
                    _warning("API user", f"not answered now: {answer.message}", "run the check again later")
                ]
            case _:
                # a client that does not exist may be refused; the user was heard
                return [_ok("API user", "may use the API")]


def _ok(subject: str, message: str) -> Finding:
    return Finding("ok", subject, message)


def _warning(subject: str, message: str, remedy: str) -> Finding:
    return Finding("warning", subject, message, remedy)


def _error(subject: str, message: str, remedy: str) -> Finding:
    return Finding("error", subject, message, remedy)
