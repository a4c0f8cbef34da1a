"""MBXML: request documents built and checked against the site's xsd, answers read with suspicion.

Documents are made of elements, never of strings. The parser takes no DTD, no entities and no
network; the site's ``mbxml.xsd`` is the contract of that installation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from lxml import etree

from syncd.connectors.sage100_contractor.profile import RequestShape
from syncd.core.errors import FixInput, Place, UnreadableAnswer

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""More is no answer to one business request."""

_REQUEST_ID: Final = "1"
"""One business request a document, so that a lost answer concerns one record."""

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks. The password travels beside the document and stays with the bridge."""

    namespace: str
    company: str
    user: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What Sage said to one request."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a document is not sent: where, and which rule of the xsd. Never the value itself."""

    place: str
    """Path of the element below the request, as a profile writes it; may be empty."""
    reason: str


def build(
    session: Session,
    shape: RequestShape,
    *,
    message_set: str,
    key: str = "",
    values: Mapping[str, str],
    lines: Sequence[Mapping[str, str]] = (),
) -> etree._Element:
    """One document with one request: values by column, placed and ordered as ``shape`` says.

    Raises ``ValueError`` for text that XML cannot carry (control characters). Columns without an
    element in ``shape`` are the caller's mistake: ``KeyError``.
    """
    root = etree.Element(f"{{{session.namespace}}}MBXML", nsmap={"api": session.namespace})
    login = etree.SubElement(root, "MBXMLSessionRq")
    etree.SubElement(login, "Company").text = session.company
    etree.SubElement(login, "User").text = session.user
    messages = etree.SubElement(root, "MBXMLMsgsRq", messageSetID=message_set, onError="stopOnError")
    request = etree.SubElement(messages, shape.name, requestID=_REQUEST_ID)
    if key and shape.key:
        _put(request, shape.key, key)
    _put_all(request, shape.elements, values)
    if lines:
        if shape.lines is None:
            raise KeyError("lines")
        container = _at(request, shape.lines.container)
        for line in lines:
            _put_all(etree.SubElement(container, shape.lines.element), shape.lines.elements, line)
    return root


def encoded(document: etree._Element) -> bytes:
    """The document as it travels."""
    return etree.tostring(document, xml_declaration=True, encoding="utf-8")


class Contract:
    """The ``mbxml.xsd`` of one installation. Read when it is first needed."""

    def __init__(self, file: Path) -> None:
        self._file: Final = file

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the installation's contract does (an update of the product)."""
        return blake2b(self._content, digest_size=8).hexdigest()

    def offers(self, request: str) -> bool:
        """Whether the xsd knows an element of that name."""
        return request in self._elements

    def objection(self, document: etree._Element) -> Objection | None:
        """The first rule that ``document`` breaks; None if it may be sent."""
        try:
            self._schema.assertValid(document)
        except etree.DocumentInvalid as wrong:
            # lxml's stubs leave the log without a type
            first: Any = wrong.error_log[0]  # type: ignore[index]
        else:
            return None
        return Objection(_below_request(first.path or ""), _RULES.get(first.type_name, first.type_name))

    @cached_property
    def _content(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError as wrong:
            raise self._unusable(f"cannot be read: {wrong.strerror}") from None

    @cached_property
    def _tree(self) -> etree._Element:
        try:
            return etree.fromstring(self._content, _parser(), base_url=str(self._file))
        except etree.XMLSyntaxError as wrong:
            raise self._unusable("is no well-formed XML", line=wrong.lineno) from None

    @cached_property
    def _schema(self) -> etree.XMLSchema:
        try:
            return etree.XMLSchema(self._tree)
        except etree.XMLSchemaParseError as wrong:
            line = next((entry.line for entry in wrong.error_log), None)
            raise self._unusable("is no usable XML schema", line=line) from None

    @cached_property
    def _elements(self) -> frozenset[str]:
        return frozenset(str(found.get("name")) for found in self._tree.iter(f"{_XS}element"))

    def _unusable(self, why: str, *, line: int | None = None) -> FixInput:
        return FixInput(
            f"the schema {why}",
            place=Place(str(self._file), line),
            remedy="copy mbxml.xsd from the product's program folder, unchanged",
        )


def read_answer(data: bytes, shape: RequestShape, message_set: str) -> Answer:
    """What Sage said to the one request of that message set.

    Raises ``UnreadableAnswer`` for anything but exactly that: whether the request was executed is
    then not known.
    """
    if len(data) > MAX_ANSWER_BYTES:
        raise _unreadable(f"larger than {MAX_ANSWER_BYTES:,} bytes")
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as wrong:
        raise _unreadable(f"no well-formed XML (line {wrong.lineno})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _unreadable("it carries a document type, which no answer needs")
    sets = [found for found in root.iter("*") if _local(found) == "MBXMLMsgsRs"]
    if len(sets) != 1 or sets[0].get("messageSetID", message_set) != message_set:
        raise _unreadable("not the answer to this message set")
    answers = [found for found in sets[0].iterchildren("*") if _local(found) == shape.answer]
    if len(answers) > 1 or any(a.get("requestID", _REQUEST_ID) != _REQUEST_ID for a in answers):
        raise _unreadable("not the answer to this request")
    # a refusal of the whole document stands on the set itself, and answers no request
    of = answers[0] if answers else sets[0]
    code = _said(of, "statusCode")
    if code is None or (not answers and code == _GOOD):
        raise _unreadable("it has no status for this request")
    return Answer(code, _said(of, "statusMessage") or "")


_GOOD: Final = "0"

_RULES: Final[Mapping[str, str]] = {
    "SCHEMAV_ELEMENT_CONTENT": "this element does not belong here, or one before it is missing",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "the text is too long",
    "SCHEMAV_CVC_MINLENGTH_VALID": "the text is too short or empty",
    "SCHEMAV_CVC_LENGTH_VALID": "the text has the wrong length",
    "SCHEMAV_CVC_PATTERN_VALID": "the value does not have the form that is asked for",
    "SCHEMAV_CVC_ENUMERATION_VALID": "the value is not one of those allowed",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "the value is of the wrong type",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "the number has too many decimals",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "the number has too many digits",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "the number is too small",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "the number is too large",
}
"""The commonest rules in words; libxml2's own message would quote the value."""


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


def _unreadable(why: str) -> UnreadableAnswer:
    return UnreadableAnswer(
        f"the answer to an MBXML request is unusable: {why}", remedy="see the log of the bridge beside Sage"
    )


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _said(element: etree._Element, name: str) -> str | None:
    """A status stands in an attribute; older answers are shown with it as a child element."""
    said = element.get(name)
    return said if said is not None else element.findtext(name)


def _put_all(at: etree._Element, elements: Mapping[str, str], values: Mapping[str, str]) -> None:
    for column in values:
        if column not in elements:
            raise KeyError(column)
    for column, path in elements.items():
        if column in values:
            _put(at, path, values[column])


def _put(at: etree._Element, path: str, value: str) -> None:
    _at(at, path).text = value


def _at(element: etree._Element, path: str) -> etree._Element:
    """The element at ``path``, made where it is missing; neighbours share their parents."""
    *above, last = path.split("/")
    for step in above:
        present = element[-1] if len(element) and element[-1].tag == step else None
        element = present if present is not None else etree.SubElement(element, step)
    return etree.SubElement(element, last)


def _below_request(path: str) -> str:
    """``/api:MBXML/MBXMLMsgsRq/JobAddRq/ClientRef/ObjectID`` -> ``ClientRef/ObjectID``."""
    return "/".join(path.strip("/").split("/")[3:])
