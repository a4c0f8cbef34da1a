"""What no code of this house may do, and what hostile documents do to it: nothing."""

from __future__ import annotations

import ast
import resource
from collections.abc import Iterator

import pytest
from lxml import etree

from syncd.connectors.sage100_contractor.mbxml import build, encoded, read_answer
from syncd.core.errors import UnreadableAnswer
from tests.architecture.test_floors import modules, tree
from tests.unit.connectors.sage100_contractor.test_mbxml import CLIENT, GOOD, SESSION, _answer

BARRED_IMPORTS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "telnetlib", "xmlrpc"}
"""They run what they read."""
BARRED_CALLS = {
    "eval": "runs text",
    "exec": "runs text",
    "os.system": "runs text in a shell",
    "yaml.load": "builds whatever a file names",
    "ssl._create_unverified_context": "believes any server",
    "tempfile.mktemp": "can be taken over",
}
BARRED_KEYWORDS = {("verify", False), ("verify_ssl", False), ("check_hostname", False), ("shell", True)}
BARRED_NAMES = {"CERT_NONE", "PROTOCOL_SSLv23", "TLSv1", "TLSv1_1"}


def objections(source: ast.Module) -> list[str]:
    """What in a module may not be there."""
    return [
        f"line {getattr(node, 'lineno', 0)}: {what}" for node in ast.walk(source) for what in _wrong(node)
    ]


def _wrong(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        named = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        yield from (f"imports {one}" for one in named if one.split(".")[0] in BARRED_IMPORTS)
    elif isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called in BARRED_CALLS:
            yield f"{called} {BARRED_CALLS[called]}"
        for keyword in node.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if (keyword.arg, value) in BARRED_KEYWORDS:
                yield f"{keyword.arg}={value!r}"
    elif isinstance(node, ast.Attribute) and node.attr in BARRED_NAMES:
        yield f"uses {node.attr}"


@pytest.mark.parametrize("name", sorted(modules()))
def test_nothing_is_run_that_was_read_and_no_server_is_believed_unseen(name: str) -> None:
    assert objections(tree(modules()[name])) == []


def test_the_lint_sees_what_it_bars() -> None:
    planted = "import pickle\nfrom yaml import x\neval('1')\nget(url, verify=False)\nc.mode = ssl.CERT_NONE\n"
    found = objections(ast.parse(planted))
    assert [what.partition(": ")[2] for what in found] == [
        "imports pickle",
        "eval runs text",
        "verify=False",
        "uses CERT_NONE",
    ]


def test_every_xml_parser_is_told_to_fetch_and_expand_nothing() -> None:
    parsers = []
    for name, path in modules().items():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("XMLParser"):
                said = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
                asked = {"resolve_entities": False, "no_network": True, "huge_tree": False}
                assert asked.items() <= said.items(), f"{name}:{node.lineno}"
                parsers.append(name)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("fromstring", "etree.parse")):
                assert len(node.args) + len(node.keywords) > 1, (
                    f"{name}:{node.lineno}: without a parser of ours"
                )
    assert parsers


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
HOSTILE = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>' + "<a>&l11;</a>",
    "quadratic": f'<!DOCTYPE a [<!ENTITY q "{"x" * 100_000}">]><a>{"&q;" * 10_000}</a>',
    "a file": '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>',
    "a server": '<!DOCTYPE a [<!ENTITY f SYSTEM "http://127.0.0.1:9/x">]><a>&f;</a>',
    "parameter entities": '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><a/>',
    "inclusion": '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></a>',
    "depth": "<a>" * 100_000 + "</a>" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_xml_is_no_answer_and_costs_no_memory(kind: str) -> None:
    document = _answer(GOOD).decode() + HOSTILE[kind] if kind == "depth" else HOSTILE[kind]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableAnswer) as refused:
        read_answer(document.encode(), CLIENT, "ref-1")
    assert "root:" not in refused.value.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


@pytest.mark.parametrize("name", ["a ]]> b", "O'Hara & <Sons>", '"&amp;" &x; <!-- -->', "%s {0} $1", "Zoë №"])
def test_names_stand_in_documents_as_they_are(name: str) -> None:
    column = next(iter(CLIENT.elements))
    document = encoded(build(SESSION, CLIENT, message_set="ref-1", values={column: name}))
    texts = [node.text for node in etree.fromstring(document, etree.XMLParser(resolve_entities=False)).iter()]
    assert name in texts
    assert b"<Sons>" not in document
