"""A site's files: what a good one becomes, and what is said of every way to break it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.config.load import load, load_crosswalks
from syncd.config.problems import BrokenFiles
from syncd.core.errors import FixInput
from syncd.core.model import Side

Edit = Callable[..., Path]


def test_a_good_site_becomes_what_it_names(site_folder: Path) -> None:
    site = load(site_folder / "syncd.yaml")
    link = site.links["acme"]
    assert link.customer == "Acme Mechanical"
    assert (link.left.platform.name, link.right.platform.name) == ("fieldserv", "ledger")
    assert link.left.settings.model_dump() == {"base_url": "https://field.example.com", "page_size": 100}
    assert link.right.profile is not None
    assert link.right.profile.model_dump()["schema_file"] == site_folder / "profiles" / "ledger.xsd"
    assert link.tables["tax"].to[Side.RIGHT] == {"TX-AUS": "3", "TX-DAL": "4"}
    assert link.tables["tax"].default[Side.RIGHT] == "1"
    assert link.flows == ("customer", "invoice", "payment")
    assert site.state_url == f"sqlite:///{site_folder}/state.db"


def test_a_customer_without_a_display_name_is_called_like_the_link(edited: Edit) -> None:
    assert load(edited("    customer: Acme Mechanical\n", "")).links["acme"].customer == "acme"


BROKEN: list[tuple[str, str, str, str, str]] = [
    # what is replaced, by what, and then: line and path, message, remedy
    ("links:", "lniks:", "syncd.yaml:13 (lniks)", "unknown key 'lniks'", "did you mean 'links'?"),
    (
        "      payment: {}",
        "      payment: {mod: both}",
        ":26 (links.acme.flows.payment.mod)",
        "unknown key 'mod'",
        "did you mean 'mode'?",
    ),
    (
        "platform: fieldserv",
        "platform: feildserv",
        ":4 (connections.field.platform)",
        "unknown platform 'feildserv'",
        "did you mean 'fieldserv'?",
    ),
    (
        "settings: {base_url",
        "settings: {base_ulr",
        ":5 (connections.field.settings.base_ulr)",
        "unknown key 'base_ulr'",
        "did you mean 'base_url'?",
    ),
    (
        'settings: {base_url: "https://field.example.com"}',
        "settings: {}",
        ":5 (connections.field.settings)",
        "the key 'base_url' is missing",
        "Address of the API.",
    ),
    ("master_key: env:MASTER\n", "", "syncd.yaml", "the key 'master_key' is missing", "The key that seals"),
    (
        "      payment: {}",
        "      paymnet: {}",
        ":26 (links.acme.flows.paymnet)",
        "unknown entity 'paymnet'",
        "did you mean 'payment'?",
    ),
    (
        "      payment: {}",
        "      job: {}",
        ":26 (links.acme.flows.job)",
        "Ledger One has no job",
        "it has: customer",
    ),
    (
        "    right: books",
        "    right: boosk",
        ":17 (links.acme.right)",
        "unknown connection 'boosk'",
        "did you mean 'books'?",
    ),
    (
        "    right: books",
        "    right: field",
        ":17 (links.acme.right)",
        "left and right are the same connection",
        "",
    ),
    (
        "payment: {}",
        "payment: {mode: bth}",
        ":26 (links.acme.flows.payment.mode)",
        "not one of the known words",
        "did you mean 'both'?",
    ),
    (
        "      customer:\n",
        "      customer: {posting: {posted: {stauts: [posted]}}}\n",
        ":20 (links.acme.flows.customer.posting.posted.stauts)",
        "unknown customer field 'stauts'",
        "did you mean 'status'?",
    ),
    (
        "      customer:\n",
        "      customer: {create_only: true, select: {}, posting: {}}\n",
        ":20 (links.acme.flows.customer.posting)",
        "customer is create_only",
        "leave `create_only` out",
    ),
    (
        "      customer:\n",
        "      customer: {fields: {name: {key: item}}}\n",
        ":20 (links.acme.flows.customer.fields.name.key)",
        "unknown line field 'item'",
        "",
    ),
    (
        "      customer:\n",
        "      customer: {fields: {nmae: {rule: left}}}\n",
        ":20 (links.acme.flows.customer.fields.nmae)",
        "unknown customer field 'nmae'",
        "did you mean 'name'?",
    ),
    (
        "      customer:\n",
        "      customer: {fields: {name: {rule: lft}}}\n",
        ":20 (links.acme.flows.customer.fields.name.rule)",
        "not one of the known words",
        "did you mean 'left'?",
    ),
    (
        "      customer:\n",
        "      customer: {fields: {name: {normaliser: upper}}}\n",
        ":20 (links.acme.flows.customer.fields.name.normaliser)",
        "known: exact, text, company, phone",
        "",
    ),
    (
        "      customer:\n",
        "      customer: {fields: {street: {rule: left}}}\n",
        ":20 (links.acme.flows.customer.fields)",
        "the fields of 'address' merge as one",
        "give the rule to the group",
    ),
    (
        "      customer:\n",
        "      customer: {fields: {custom.region: {rule: left}}}\n",
        ":20 (links.acme.flows.customer.fields.custom.region)",
        "unknown customer field 'custom.region'",
        "both connections must define it",
    ),
    (
        "select: {status: [pending_accounting]}",
        "select: {state: [x]}",
        ":22 (links.acme.flows.invoice.select.state)",
        "unknown invoice field 'state'",
        "did you mean 'status'?",
    ),
    (
        "        select: {status: [pending_accounting]}\n",
        "",
        ":21 (links.acme.flows.invoice)",
        "which invoice records are ready to be posted is not said",
        "select: {status: [pending_accounting]}",
    ),
    (
        "        select:",
        "        create: [left]\n        select:",
        ":22 (links.acme.flows.invoice.create[0])",
        "the mode left-to-right never writes to the left",
        "change `mode` or `create`",
    ),
    (
        "        select:",
        "        fields: {tax_district: {crosswalk: taxes}}\n        select:",
        ":22 (links.acme.flows.invoice.fields.tax_district.crosswalk)",
        "unknown crosswalk table 'taxes'",
        "did you mean 'tax'?",
    ),
    ('"{key}"', '"{reason}"', "(links.acme.flows.invoice.acknowledge)", "only {key} may stand in braces", ""),
    (
        "    profile: profiles/books.yaml\n",
        "",
        ":7 (connections.books)",
        "Ledger One needs a site profile",
        "`syncd init DIR --pair PAIR`",
    ),
    (
        "profiles/books.yaml",
        "profiles/boks.yaml",
        ":9 (connections.books.profile)",
        "the file profiles/boks.yaml is not there",
        "paths start at this file's folder",
    ),
    (
        "    bridge_token: env:BRIDGE\n",
        "",
        ":7 (connections.books)",
        "the key 'bridge_token' is missing",
        "bridge_token: env:NAME",
    ),
    (
        "    settings: {base_url",
        "    bridge_token: env:X\n    settings: {base_url",
        ":5 (connections.field.bridge_token)",
        "Field Serv needs no bridge",
        "remove the key",
    ),
    ("bridge_token: env:BRIDGE", "bridge_token: hunter2", ":10 (connections.books.bridge_token)", "", ""),
    (
        "    left: field\n",
        "    left: field\n    webhooks: true\n",
        ":17 (links.acme.webhooks)",
        "service.public_url is not set",
        "webhooks: false",
    ),
    (
        "    left: field\n",
        "    left: field\n    schedule: {every: 5 parsecs}\n",
        ":17 (links.acme.schedule.every)",
        "a duration is a number and a unit",
        "",
    ),
    (
        "    left: field\n",
        "    left: field\n    schedule: {cron: '61 * * * *'}\n",
        ":17 (links.acme.schedule)",
        "not a five-field cron line",
        "",
    ),
    (
        "    left: field\n",
        "    left: field\n    schedule: {cron: '5 * * * *', timezone: Mars/Olympus}\n",
        ":17 (links.acme.schedule.timezone)",
        "not a zone of the IANA database",
        "",
    ),
    (
        "settle: {seconds: 90",
        "settle: {seconds: -1",
        ":11 (connections.books.settle.seconds)",
        "greater than",
        "",
    ),
    (
        "master_key: env:MASTER",
        "master_key: env:MASTER\nstate: {url: 'postgresql://u:pw@h/d'}",
        ":2 (state.url)",
        "no password in the address",
        "",
    ),
    (
        "master_key: env:MASTER",
        "master_key: env:MASTER\nservice: {host: 0.0.0.0}",
        ":2 (service)",
        "listening beyond this machine needs control_tokens",
        "",
    ),
    ("  books:\n", "  field:\n", ":7", "duplicate key", "see the line named"),
    ("  books:\n", "  books: [\n", "syncd.yaml:", "not readable as YAML", "see the line named"),
    ("  books:\n", "\tbooks:\n", "syncd.yaml:7", "not readable as YAML", "see the line named"),
    ("env:MASTER", "!!python/object/apply:os.system ['true']", "syncd.yaml", "", ""),
]


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "remedy"), BROKEN, ids=[b[1].strip()[:60] for b in BROKEN]
)
def test_each_mistake_is_shown_where_it_stands(
    edited: Edit, old: str, new: str, place: str, message: str, remedy: str
) -> None:
    with pytest.raises(FixInput) as caught:
        load(edited(old, new))
    problems = caught.value.problems if isinstance(caught.value, BrokenFiles) else (caught.value,)
    told = [p for p in problems if place in p.message and message in p.message]
    assert told, caught.value.message
    assert remedy in told[0].remedy


def test_all_mistakes_are_shown_at_once(edited: Edit) -> None:
    edited("platform: fieldserv", "platform: nonesuch")
    edited("payment: {}", "payments: {}")
    edited('right: "3"', "right: 3", "crosswalks/acme.yaml")
    with pytest.raises(BrokenFiles) as caught:
        load(edited("requests:", "reqests:", "profiles/books.yaml"))
    told = caught.value.message
    assert "syncd.yaml:4 (connections.field.platform)" in told
    assert "crosswalks/acme.yaml:4 (tax.pairs[0].right): text expected, a number found" in told
    assert "profiles/books.yaml:3 (reqests): unknown key 'reqests'" in told
    assert len(caught.value.problems) == len(told.splitlines()) == 3


def test_a_secret_written_inline_is_refused_and_never_repeated(edited: Edit) -> None:
    with pytest.raises(FixInput) as caught:
        load(edited("env:MASTER", "correct-horse-battery-staple"))
    assert "syncd.yaml:1 (master_key)" in caught.value.message
    assert "correct-horse" not in f"{caught.value!r} {caught.value.message} {caught.value.remedy}"


def test_nothing_at_the_path_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(FixInput, match=r"syncd\.yaml: cannot be read: No such file") as caught:
        load(tmp_path / "syncd.yaml")
    assert "syncd init" in caught.value.remedy


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "keys and values expected here"),
        (b"- a\n- b\n", "keys and values expected here"),
        (b"just words", "keys and values expected here"),
        (b"a: \xff\xfe\n", "not UTF-8 text"),
        (b"a: \x07b\n", "not readable as YAML"),
        (b"[" * 1000, "nested too deeply"),
        (b"# much\n" * 700_000, "bytes is no configuration"),
    ],
)
def test_a_file_that_is_no_configuration_at_all(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "syncd.yaml"
    path.write_bytes(content)
    with pytest.raises(FixInput, match=message):
        load(path)


def test_an_empty_crosswalk_file_is_a_link_without_tables(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("# none yet\n")
    assert load_crosswalks(path) == {}
