"""The shipped contracts: valid, scrubbed, and every shipped lens is proved against them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import jsonschema_rs
import pytest

from monitor import proving
from monitor.contract import VOCABULARY, Contract
from monitor.library import Library, shipped
from syncd.mapping.entity_map import EntityMap

LIBRARY = Library([shipped()])
CONTRACTS = {f"{contract.platform}/{contract.operation}": contract for contract in LIBRARY.all()}
EXPECTED = {
    "memory": {"customer", "location", "job", "invoice", "payment"},
    "rhumbix": {"employee", "job", "time_entry"},
    "sage100-contractor": {"customer", "job", "invoice", "payment", "employee", "time_entry"},
    "servicetrade": {"customer", "location", "job", "invoice"},
}
"""What the sandboxes can show. Anything else is *unchecked* and says so."""


def _lenses() -> Iterator[tuple[str, Contract, EntityMap]]:
    for platform in sorted({contract.platform for contract in CONTRACTS.values()}):
        maps = import_module(f"tests.property.lenses.{platform.replace('-', '_')}").maps()
        for name, lens in maps.items():
            contract = CONTRACTS.get(f"{platform}/{lens.entity}")
            if contract is not None and not name.startswith("ledger"):
                yield f"{platform}-{name}", contract, lens


def test_every_platform_with_a_sandbox_has_its_baselines() -> None:
    found: dict[str, set[str]] = {}
    for contract in CONTRACTS.values():
        found.setdefault(contract.platform, set()).add(contract.operation)
    assert {platform: found[platform] for platform in EXPECTED} == EXPECTED


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
