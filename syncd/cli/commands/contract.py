"""``contract``: what a platform's answers look like, as files that people review."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.cli.output import Column, emit, say
from syncd.core.errors import FixInput, Place

if TYPE_CHECKING:
    from monitor.baseline import Learned
    from monitor.contract import Contract, Provenance
    from monitor.differences import Difference
    from syncd.ports import Connector, Finding

_LEVELS = {"ok": "green", "warning": "yellow", "error": "bold red"}
_INTO = Path("contracts")


def learn(
    connection: str = "",
    /,
    *entities: str,
    sandbox: str = "",
    into: Path = _INTO,
    records: int = 1000,
    values: tuple[str, ...] = (),
) -> int:
    """Read some records of a connection (nothing is written to it) and write the contract they keep,
    with scrubbed samples beside it. What people wrote in a file that is there already stays.

    For example:
      syncd contract learn field invoice --values status --values type
      syncd contract learn --sandbox servicetrade

    Parameters
    ----------
    connection
        One of the site's connections.
    entities
        Kinds of record; all that it has by default.
    sandbox
        Learn from this platform's sandbox instead: how the shipped baselines were made.
    into
        The folder of contracts.
    records
        At most so many records of each kind.
    values
        Paths whose values may be written down because they are no customer's data (a status).
    """
    if bool(connection) == bool(sandbox):
        raise FixInput("either a connection or --sandbox PLATFORM", remedy="syncd contract learn --help")
    found = asyncio.run(_learned(connection, sandbox, entities, records, values, into))
    rows = [_keep(each, into) for each in found]
    columns = [
        Column("contract", "CONTRACT"),
        Column("records", "RECORDS"),
        Column("places", "PLACES"),
        Column("samples", "SAMPLES"),
        Column("state", "STATE", palette={"ready": "green", "learning": "yellow"}),
    ]
    emit(rows, rows, columns)
    return Exit.OK


def show(operation: str, /, *, into: Path = _INTO) -> int:
    """Show one contract, place by place.

    For example:
      syncd contract show servicetrade/invoice

    Parameters
    ----------
    operation
        PLATFORM/OPERATION.
    into
        The site's folder of contracts; the shipped ones come after it.
    """
    contract = _contract(operation, into)
    rows = [
        {
            "place": path or "(record)",
            "type": " | ".join(sorted(field.types)) or "anything",
            "presence": field.presence or "sometimes",
            "format": field.format,
            "values": ", ".join(map(str, field.enum or field.known_values)),
            "role": field.role,
            "unit": field.unit,
        }
        for path, field in contract.fields.items()
    ]
    names = ("place", "type", "presence", "format", "values", "role", "unit")
    emit(contract.document(), rows, [Column(name, name.upper()) for name in names])
    origin = contract.provenance
    say(f"from {origin.source}, {origin.records} records, {origin.learned or 'no day given'}: {origin.of}")
    return Exit.OK


def diff(old: str, new: str, /, *, into: Path = _INTO, records: int = 300) -> int:
    """Show how a contract differs from another, or from what a connection answers now.

    Exit code 0 if nothing differs, 1 if something does.

    For example:
      syncd contract diff servicetrade/invoice field       (the site's connection `field`)
      syncd contract diff old/invoice.yaml contracts/servicetrade/invoice.yaml

    Parameters
    ----------
    old
        A file, or PLATFORM/OPERATION.
    new
        A file, PLATFORM/OPERATION, or a connection of the site.
    into
        The site's folder of contracts.
    records
        At most so many records are read from a connection.
    """
    from monitor.compare import compare  # noqa: PLC0415
    from monitor.learning import assumed  # noqa: PLC0415

    before = _contract(old, into)
    if "/" in new or Path(new).suffix in (".yaml", ".yml"):
        found = compare(before, assumed(_contract(new, into)))
    else:
        learned = asyncio.run(_learned(new, "", (before.entity or before.operation,), records, (), into))[0]
        found = compare(before, learned.shape)
    rows = [_row(difference) for difference in found if difference.certain]
    columns = [
        Column("place", "PLACE"),
        Column("kind", "WHAT"),
        Column("before", "BEFORE"),
        Column("after", "AFTER"),
        Column("records", "RECORDS"),
    ]
    emit(rows, rows, columns)
    return Exit.FAILED if rows else Exit.OK


def check(*, into: Path | None = None) -> int:
    """Prove every lens of the site against its contract: each place it reads exists, its type fits, every
    code has a meaning, what a new record needs is written; stored samples are read through the lenses.

    Needs no network. Exit code 0 if all of it holds, 1 if not.

    For example:
      syncd contract check
      syncd contract check --config acme/syncd.yaml

    Parameters
    ----------
    into
        The folder of contracts, `contracts` beside the site's file unless said; the shipped ones come after.
    """
    found = asyncio.run(_proofs(_of_site() if into is None else into))
    rows = [{"level": f.level, "subject": f.subject, "message": f.message, "remedy": f.remedy} for f in found]
    columns = [
        Column("level", "LEVEL", palette=_LEVELS),
        Column("subject", "WHERE"),
        Column("message", "FINDING"),
        Column("remedy", "WHAT TO DO"),
    ]
    emit(rows, rows, columns)
    return Exit.FAILED if any(finding.level == "error" for finding in found) else Exit.OK


def accept(drift: str = "", /, *, into: Path = _INTO, value: tuple[str, ...] = ()) -> int:
    """Write reviewed changes into the contracts' files, comments kept, and by these changes only. Then
    the site's lenses and the stored samples are checked against them.

    For example:
      syncd contract accept --into contracts      (everything accepted with `syncd drift accept`)
      syncd contract accept 12
      syncd drift export 12 --into d.json && syncd contract accept d.json

    Parameters
    ----------
    drift
        A drift's number, or an exported one (a file); all accepted ones by default.
    into
        The folder of contracts, in your checkout. A shipped baseline is copied there first.
    value
        For a new value of a closed set: the value to add; may be repeated.
    """
    told = _accepted(drift)
    for each in told:
        file = _write_down(each, into, value)
        say(f"{file}: {each['kind'].replace('_', ' ')} at {each['path']} accepted", "green")
    if not told:
        say("No accepted drift waits to be written down.")
        return Exit.OK
    return check(into=into) if options().config.is_file() else Exit.OK


def _write_down(told: Mapping[str, Any], into: Path, value: Sequence[str]) -> Path:
    from monitor import editing, library  # noqa: PLC0415

    file = library.place(into, told["platform"], told["operation"])
    shipped = f"{told['platform']}/{told['operation']}"
    text = file.read_text(encoding="utf-8") if file.is_file() else _source(shipped, into)
    values = value or tuple(told.get("after", {}).get("values", ()))
    edited = editing.accept(text, _difference(told), values=values, name=str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(edited, encoding="utf-8")
    return file


def import_(
    form: str,
    document: Path,
    record: str,
    /,
    *,
    platform: str,
    operation: str,
    entity: str = "",
    into: Path = _INTO,
) -> int:
    """Write a contract from what a platform publishes about itself.

    For example:
      syncd contract import openapi api.json Invoice --platform acme --operation invoice
      syncd contract import odata metadata.xml SalesInvoice --platform bc --operation invoice

    Parameters
    ----------
    form
        openapi, swagger, odata, xsd, json-schema or information-schema.
    document
        The published document.
    record
        Which of the records it describes: a schema, entity type, element or table.
    platform
        Name of the platform.
    operation
        What is asked for; the file's name.
    entity
        The canonical kind of record that the answers hold.
    into
        The folder of contracts.
    """
    from monitor import editing, importing, library  # noqa: PLC0415

    if not document.is_file():
        raise FixInput("no such file", place=Place(str(document)))
    contract = importing.read(
        form,
        document.read_bytes(),
        record,
        platform=platform,
        operation=operation,
        entity=entity or operation,
        of=f"{form} document {document.name}, {record}",
    )
    file = library.place(into, platform, operation)
    editing.write(file, contract)
    row = {"contract": str(file), "places": len(contract.fields)}
    emit(row, [row], [Column("contract", "CONTRACT"), Column("places", "PLACES")])
    return Exit.OK


async def _learned(
    connection: str, sandbox: str, entities: Sequence[str], records: int, values: Sequence[str], into: Path
) -> Sequence[Learned]:
    from monitor.contract import LIVE, SANDBOX, Provenance  # noqa: PLC0415
    from monitor.versions import Versions  # noqa: PLC0415
    from syncd.app import contracts, played  # noqa: PLC0415

    today = datetime.now(UTC).date().isoformat()
    if not sandbox:
        origin = Provenance(LIVE, learned=today, of=f"connection {connection}")
        versions = Versions()
        opened = contracts.connection(options().config, connection, versions)
        learned = await _walk([opened], entities, records, values, origin, into)
        return [replace(one, contract=versions.stated(one.contract)) for one in learned]
    variants = played.variants(sandbox)
    origin = Provenance(SANDBOX, learned=today, of="a made-up company on the platform's sandbox")
    return await _walk(
        [played.played(sandbox, changes) for changes in variants], entities, records, values, origin, into
    )


async def _walk(
    openings: Sequence[AbstractAsyncContextManager[Connector]],
    entities: Sequence[str],
    records: int,
    values: Sequence[str],
    origin: Provenance,
    into: Path,
) -> Sequence[Learned]:
    from monitor.baseline import Gathered, conclude, gather  # noqa: PLC0415
    from monitor.library import Library  # noqa: PLC0415

    secret = secrets.token_bytes(32)
    gathered: dict[str, Gathered] = {}
    for opening in openings:
        async with opening as connector:
            offered = connector.capabilities.entities
            unknown = [entity for entity in entities if entity not in offered]
            if unknown:
                raise FixInput(
                    f"the connection has no {', '.join(unknown)}", remedy=f"it has: {', '.join(offered)}"
                )
            for entity in entities or offered:
                found = await gather(connector, entity, records=records, secret=secret)
                gathered[entity] = gathered[entity].and_(found) if entity in gathered else found
    known = Library((into,))
    return [
        conclude(found, values, origin, known.contract(found.platform, entity))
        for entity, found in gathered.items()
    ]


def _keep(learned: Learned, into: Path) -> Mapping[str, Any]:
    from monitor import editing, library  # noqa: PLC0415

    contract = learned.contract
    file = library.place(into, contract.platform, contract.operation)
    if learned.shape.records:
        editing.write(file, contract)
        library.write_samples(
            library.samples_place(into, contract.platform, contract.operation), learned.samples
        )
    return {
        "contract": str(file),
        "records": learned.shape.records,
        "places": len(contract.fields),
        "samples": len(learned.samples),
        "state": "ready" if learned.ready else "learning" if learned.shape.records else "nothing seen",
    }


def _contract(named: str, into: Path) -> Contract:
    from monitor.contract import Contract  # noqa: PLC0415
    from monitor.library import Library, shipped  # noqa: PLC0415

    if Path(named).is_file():
        return Contract.load(Path(named))
    platform, _, operation = named.partition("/")
    found = Library((into, shipped())).contract(platform, operation)
    if found is None:
        known = sorted(f"{c.platform}/{c.operation}" for c in Library((into, shipped())).all())
        raise FixInput(f"no contract {named!r}", remedy=f"one of: {', '.join(known)}; or a file")
    return found


async def _proofs(into: Path) -> Sequence[Finding]:
    from monitor import proving  # noqa: PLC0415
    from monitor.library import Library, shipped  # noqa: PLC0415
    from syncd.app import contracts  # noqa: PLC0415

    library = Library((into, shipped()))
    found: list[Finding] = []
    read: set[tuple[str, str]] = set()
    for name, able in (await contracts.capabilities(options().config)).items():
        for entity, spec in able.entities.items():
            contract = library.contract(able.platform, entity)
            read.add((able.platform, entity))
            if contract is None:
                found.append(proving.unchecked(name, able.platform, entity))
                continue
            found += proving.prove(contract, spec.map)
            found += proving.replay(contract, spec.map, library.samples(able.platform, entity))
    # a checkout holds contracts of platforms that this site does not have
    own = Library((into,)).all() if into == _of_site() else ()
    return [*found, *(proving.unread(one) for one in own if (one.platform, one.operation) not in read)]


def _of_site() -> Path:
    return options().config.parent / _INTO


def _accepted(drift: str) -> Sequence[Mapping[str, Any]]:
    """The drifts to write down, as exported."""
    from monitor.differences import Kind  # noqa: PLC0415

    if drift and not drift.isdigit():
        return [_exported(Path(drift))]
    if drift:
        number = int(drift)
        views = [session.ask_drifts(lambda drifts: drifts.drift(number))]
    else:
        views = [v for v in session.ask_drifts(lambda drifts: drifts.drifts(True)) if v.state == "accepted"]
    # a login's drift has no place in a contract; one drift of many connections is one change
    told = {v.fingerprint: v.model_dump(mode="json") for v in views if v.kind in set(Kind)}
    return list(told.values())


def _exported(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise FixInput("no such file", place=Place(str(file)))
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        raise FixInput("not an exported drift: no JSON", place=Place(str(file))) from None
    if not isinstance(told, dict) or not {"platform", "operation", "kind", "path"} <= told.keys():
        raise FixInput(
            "not an exported drift: platform, operation, kind and path are missing",
            place=Place(str(file)),
            remedy="syncd drift export NUMBER --into FILE.json",
        )
    return told


def _source(named: str, into: Path) -> str:
    """The text of a contract that is not in ``into`` yet, comments and all."""
    from monitor import library  # noqa: PLC0415

    platform, _, operation = named.partition("/")
    file = library.place(library.shipped(), platform, operation)
    return file.read_text(encoding="utf-8") if file.is_file() else _contract(named, into).text()


def _difference(told: Mapping[str, Any]) -> Difference:
    from monitor import editing  # noqa: PLC0415

    renames = told.get("renames", ())
    moved = renames[0]["path"] if renames else ""
    before, after = told.get("before", {}), told.get("after", {})
    return editing.meant(told["kind"], told["path"], before, after, moved)


def _row(difference: Difference) -> Mapping[str, Any]:
    seen = difference.evidence
    return {
        "place": difference.path,
        "kind": difference.kind.value,
        "before": json.dumps(dict(difference.before)),
        "after": json.dumps(dict(difference.after)),
        "records": f"{seen.hits} of {seen.after}",
    }
