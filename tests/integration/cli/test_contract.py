"""``syncd contract`` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.contract import Contract
from tests.integration.cli.conftest import Run

SITE = """\
connections:
  field: {platform: memory, settings: {shape: field}}
  books: {platform: memory, settings: {shape: field}}
links: {}
master_key: file:master.key
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    key = tmp_path / "master.key"
    key.touch(mode=0o600)
    key.write_text("A" * 43 + "=")
    (tmp_path / "syncd.yaml").write_text(SITE)
    return tmp_path


def _exported(folder: Path, **drift: object) -> Path:
    file = folder / "drift.json"
    told = {"platform": "servicetrade", "operation": "invoice", "kind": "field_new", "path": "currency"}
    file.write_text(json.dumps({**told, **drift}))
    return file


def test_a_shipped_contract_is_shown(run: Run) -> None:
    ran = run("contract", "show", "servicetrade/invoice")
    assert ran.returncode == 0
    assert "pending_accounting" in ran.stdout
    assert "from sandbox, 1000 records" in ran.stderr


def test_a_contract_that_is_not_there_is_named_with_those_that_are(run: Run) -> None:
    ran = run("contract", "show", "servicetrade/invoce")
    assert ran.returncode == 2
    assert "servicetrade/invoice" in ran.stderr


@pytest.mark.parametrize(
    ("drift", "shown"),
    [
        ({"after": {"types": ["string"]}}, "currency"),
        ({"kind": "field_gone", "path": "notes"}, "partial"),
        ({"kind": "field_gone", "path": "totalPrice", "renames": [{"path": "totalAmount"}]}, "totalAmount"),
    ],
)
def test_a_drift_is_written_into_a_copy_of_the_shipped_contract(
    run: Run, tmp_path: Path, drift: dict[str, object], shown: str
) -> None:
    ran = run("contract", "accept", str(_exported(tmp_path, **drift)))
    assert ran.returncode == 0, ran.stderr
    file = tmp_path / "contracts" / "servicetrade" / "invoice.yaml"
    assert "# seen in public code" in file.read_text()
    assert shown in Contract.load(file).fields
    changed = json.loads(run("contract", "diff", "servicetrade/invoice", str(file), "-o", "json").stdout)
    assert changed == []


def test_a_value_for_a_closed_set_is_given_with_the_command(run: Run, tmp_path: Path) -> None:
    drift = _exported(tmp_path, kind="enum_new", path="status")
    assert run("contract", "accept", str(drift), "--value", "disputed").returncode == 0
    contract = Contract.load(tmp_path / "contracts" / "servicetrade" / "invoice.yaml")
    assert contract.fields["status"].enum[-1:] == ("disputed",)  # type: ignore[index]


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "field_new"}'])
def test_what_is_no_exported_drift_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "drift.json").write_text(text)
    ran = run("contract", "accept", "drift.json")
    assert ran.returncode == 2
    assert "not an exported drift" in ran.stderr


def test_two_contracts_are_compared(run: Run, tmp_path: Path) -> None:
    for name, kind in (("old", "number"), ("new", "string")):
        (tmp_path / f"{name}.yaml").write_text(
            "x-platform: acme\nx-operation: invoice\ntype: object\nrequired: [total]\n"
            f"properties: {{total: {{type: {kind}}}}}\n"
        )
    ran = run("contract", "diff", "old.yaml", "new.yaml", "-o", "json")
    assert ran.returncode == 1
    assert [(row["place"], row["kind"]) for row in json.loads(ran.stdout)] == [("total", "type_changed")]
    assert run("contract", "diff", "old.yaml", "old.yaml").returncode == 0


def test_a_published_document_becomes_a_contract(run: Run, tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.0.0\ncomponents:\n"
        "  schemas: {Invoice: {type: object, properties: {id: {type: integer}}}}\n"
    )
    asked = ("openapi", "api.yaml", "Invoice", "--platform", "acme", "--operation", "invoice")
    ran = run("contract", "import", *asked)
    assert ran.returncode == 0, ran.stderr
    contract = Contract.load(tmp_path / "contracts" / "acme" / "invoice.yaml")
    assert contract.provenance.source == "specification"
    assert run("contract", "import", *asked[:1], "gone.json", *asked[2:]).returncode == 2


def test_lenses_are_proved_against_shipped_contracts(run: Run, site: Path) -> None:
    ran = run("contract", "check", "-o", "json")
    found = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stdout
    assert {row["level"] for row in found} == {"ok"}
    assert any("stored samples read through the lens" in row["message"] for row in found)


def test_a_lens_that_no_longer_fits_fails_the_check(run: Run, site: Path) -> None:
    drift = _exported(site, platform="memory", kind="field_gone", path="totalPrice")
    ran = run("contract", "accept", str(drift))
    assert ran.returncode == 1
    assert "invoice.total reads 'totalPrice', which the contract does not know" in ran.stdout.replace(
        "\n", " "
    )


def test_learning_needs_one_source(run: Run) -> None:
    assert run("contract", "learn").returncode == 2
    assert run("contract", "learn", "field", "--sandbox", "memory").returncode == 2
    assert "no sandbox plays 'acme'" in run("contract", "learn", "--sandbox", "acme").stderr


def test_a_contract_is_learned_from_a_connection(run: Run, site: Path) -> None:
    ran = run("contract", "learn", "field", "invoice", "-o", "json")
    assert ran.returncode == 0, ran.stderr
    [row] = json.loads(ran.stdout)
    assert row["state"] == "nothing seen"
    assert run("contract", "learn", "field", "invoce").returncode == 2
    assert run("contract", "learn", "feild").returncode == 2


def test_the_contracts_of_a_site_are_checked_wherever_it_is_typed(
    run: Run, site: Path, tmp_path: Path
) -> None:
    """The site's own file is the one that counts: it lacks what the lens reads, and is found beside the
    site's file, not beside whoever types."""
    own = site / "contracts" / "memory"
    own.mkdir(parents=True)
    shipped = Path(__file__).resolve().parents[3] / "contracts" / "memory" / "customer.yaml"
    (own / "customer.yaml").write_text(shipped.read_text())
    ran = run("contract", "check", "--config", str(site / "syncd.yaml"))
    assert ran.returncode == 0, ran.stdout
    (own / "customer.yaml").write_text(shipped.read_text().replace("  name:", "  fullName:"))
    ran = run("contract", "check", "--config", str(site / "syncd.yaml"))
    assert ran.returncode == 1
    assert "memory/customer" in ran.stdout


def test_a_contract_of_the_site_that_nothing_reads_is_named(run: Run, site: Path) -> None:
    own = site / "contracts" / "servicetrade"
    own.mkdir(parents=True)
    shipped = Path(__file__).resolve().parents[3] / "contracts" / "servicetrade" / "job.yaml"
    (own / "job.yaml").write_text(shipped.read_text())
    ran = run("contract", "check", "--config", str(site / "syncd.yaml"), "-o", "json")
    assert ran.returncode == 0, ran.stdout
    told = [row for row in json.loads(ran.stdout) if row["subject"] == "servicetrade/job"]
    assert [(row["level"], "no connection" in row["message"]) for row in told] == [("warning", True)]
