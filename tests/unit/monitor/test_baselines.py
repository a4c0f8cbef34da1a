"""The shipped contracts: valid, scrubbed, and every shipped lens is proved against them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import jsonschema_rs
import pytest

from monitor import proving
from monitor.contract import VOCABULARY, Contract
from monitor.library import Library, shipped
from syncd.connectors.quality import parity
from syncd.mapping.entity_map import EntityMap

LIBRARY = Library([shipped()])
CONTRACTS = {f"{contract.platform}/{contract.operation}": contract for contract in LIBRARY.all()}
PARITY = parity()
UNSEEN = {
    "servicetrade": {"payment"},
    **{name: set(one.entities) for name, one in PARITY.items() if "file" in one.modes},
}
"""What is read and has no baseline, *unchecked*: payments are off until an account shows their fields; the
reports of a ledger that takes files are declared column by column in the connection, and refused where one is
missing."""


def _lenses() -> Iterator[tuple[str, Contract, EntityMap]]:
    for platform in sorted({contract.platform for contract in CONTRACTS.values()}):
        maps = import_module(f"tests.property.lenses.{platform.replace('-', '_')}").maps()
        for name, lens in maps.items():
            contract = CONTRACTS.get(f"{platform}/{lens.entity}")
            if contract is not None and not name.startswith("ledger"):
                yield f"{platform}-{name}", contract, lens


@pytest.mark.parametrize("platform", PARITY)
def test_whatever_a_connector_reads_has_its_baseline(platform: str) -> None:
    read = {entity for entity, does in PARITY[platform].entities.items() if "read" in does}
    found = {contract.operation for contract in CONTRACTS.values() if contract.platform == platform}
    assert read - UNSEEN.get(platform, set()) == found


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_json_schema_and_known_words(name: str) -> None:
    contract = CONTRACTS[name]
    jsonschema_rs.meta.validate(contract.document())
    own = {word for word in _words(contract.document()) if word.startswith("x-")}
    assert own <= VOCABULARY.keys()


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_says_where_it_comes_from(name: str) -> None:
    origin = CONTRACTS[name].provenance
    assert (origin.source, origin.records > 0, bool(origin.learned), bool(origin.of)) == (
        "sandbox",
        True,
        True,
        True,
    )
    assert not origin.holds


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_samples_keep_their_contract(name: str) -> None:
    contract = CONTRACTS[name]
    samples = LIBRARY.samples(contract.platform, contract.operation)
    validator = jsonschema_rs.validator_for(contract.document())
    assert len(samples) >= 3
    assert [error.message for sample in samples for error in validator.iter_errors(sample)] == []


LENSES = list(_lenses())


@pytest.mark.parametrize(("name", "contract", "lens"), LENSES, ids=[lens[0] for lens in LENSES])
def test_a_lens_is_proved_against_its_contract(name: str, contract: Contract, lens: EntityMap) -> None:
    samples = LIBRARY.samples(contract.platform, contract.operation)
    found = [*proving.prove(contract, lens), *proving.replay(contract, lens, samples)]
    assert [finding.message for finding in found if finding.level == proving.ERROR] == []


def _words(schema: object, names: bool = False) -> Iterator[str]:
    """Words of the schema language, without the names of a record's fields."""
    if isinstance(schema, dict):
        for word, inner in schema.items():
            if not names:
                yield word
            yield from _words(inner, names=not names and word == "properties")
    elif isinstance(schema, list):
        for inner in schema:
            yield from _words(inner)
