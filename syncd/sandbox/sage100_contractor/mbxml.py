"""MBXML documents: read and checked against the site's mbxml.xsd, and answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from syncd.connectors.sage100_contractor.profile import LinesShape, RequestShape, Sage100ContractorProfile
from syncd.core.errors import FixInput, Place
from syncd.sandbox.sage100_contractor.refusals import Code, refuse

Texts = dict[str, str]
"""Column -> what its element holds."""

_STOP: Final = "stopOnError"


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a message set, its elements told apart by the column they carry."""

    element: str
    """Its name on the wire."""
    request_id: str
    slot: str = ""
    """What it is, as the profile's ``requests`` names it; empty where the profile does not have it."""
    key: int | None = None
    """The record number it names."""
    columns: Texts = field(default_factory=dict)
    lines: tuple[Texts, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageSet:
    """One submitted document."""

    company: str
    user: str
    set_id: str
    stop_on_error: bool
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request is answered."""

    request: Request
    code: str
    message: str
    content: Sequence[etree._Element] = ()


class Dialect:
    """MBXML as one site speaks it."""

    def __init__(self, profile: Sage100ContractorProfile) -> None:
        """Raises ``FixInput`` where the site's schema is not readable as one."""
        self._root: Final = f"{{{profile.namespace}}}MBXML"
        self._namespace: Final = profile.namespace
        self._shapes: Final = {s.name: (slot, s) for slot, s in profile.requests.offered().items()}
        try:
            self._schema: Final = etree.XMLSchema(etree.parse(str(profile.schema_file), _parser()))
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as wrong:
            raise FixInput(
                f"not an XML schema: {wrong}",
                place=Place(str(profile.schema_file)),
                remedy="copy mbxml.xsd from the installation again",
            ) from None

    def read(self, text: str) -> MessageSet:
        """Raises ``RefuseRecord`` (code ``DOCUMENT``): then nothing of the document counts."""
        try:
            root = etree.fromstring(text.encode(), _parser())
        except (etree.XMLSyntaxError, ValueError) as wrong:
            raise refuse(Code.DOCUMENT, f"The document is not well-formed XML: {wrong}") from None
        if root.getroottree().docinfo.internalDTD is not None:
            raise refuse(Code.DOCUMENT, "A document type declaration is not allowed.")
        try:
            self._schema.assertValid(root)
        except etree.DocumentInvalid as wrong:
            raise refuse(Code.DOCUMENT, f"The document does not follow mbxml.xsd: {wrong}") from None
        session, messages = root.find("MBXMLSessionRq"), root.find("MBXMLMsgsRq")
        if root.tag != self._root or session is None or messages is None:
            raise refuse(Code.DOCUMENT, "The document holds no requests.")
        return MessageSet(
            company=session.findtext("Company", ""),
            user=session.findtext("User", ""),
            set_id=messages.get("messageSetID", ""),
            stop_on_error=messages.get("onError") == _STOP,
            requests=tuple(self._request(element) for element in messages.iterchildren(etree.Element)),
        )

    def _request(self, element: etree._Element) -> Request:
        name, request_id = str(element.tag), element.get("requestID", "")
        if name not in self._shapes:
            return Request(name, request_id)
        slot, shape = self._shapes[name]
        key = element.findtext(shape.key) if shape.key else None
        return Request(
            element=name,
            request_id=request_id,
            slot=slot,
            key=None if key is None else int(key),
            columns=_texts(element, shape.elements),
            lines=() if shape.lines is None else _lines(element, shape.lines),
        )

    def answered(self, set_id: str, answers: Sequence[Answer]) -> str:
        """The answer document: one answer for each request, in order."""
        root, messages = self._envelope(set_id)
        for answer in answers:
            element = etree.SubElement(
                messages,
                f"{answer.request.element[:-2]}Rs",
                requestID=answer.request.request_id,
                statusCode=answer.code,
                statusMessage=answer.message,
            )
            element.extend(answer.content)
        return _text(root)

    def refused(self, set_id: str, code: str, message: str) -> str:
        """The answer to a document that was not executed at all: the set carries the status itself."""
        root, messages = self._envelope(set_id)
        messages.set("statusCode", code)
        messages.set("statusMessage", message)
        return _text(root)

    def record(self, slot: str, recnum: int, columns: Texts) -> list[etree._Element]:
        """A record's elements, as the request in ``slot`` names them."""
        shape = next(shape for name, shape in self._shapes.values() if name == slot)
        holder = etree.Element("holder")
        _put(holder, shape, recnum, columns)
        return list(holder)

    def _envelope(self, set_id: str) -> tuple[etree._Element, etree._Element]:
        root = etree.Element(self._root, nsmap={"api": self._namespace})
        return root, etree.SubElement(root, "MBXMLMsgsRs", messageSetID=set_id)


def _put(holder: etree._Element, shape: RequestShape, recnum: int, columns: Texts) -> None:
    places = [(shape.key, str(recnum))] if shape.key else []
    places += [(path, columns[name]) for name, path in shape.elements.items() if name in columns]
    for path, text in places:
        at = holder
        for step in path.split("/"):
            at = etree.SubElement(at, step)
        at.text = text


def _texts(element: etree._Element, paths: dict[str, str]) -> Texts:
    found = {column: element.findtext(path) for column, path in paths.items()}
    return {column: text for column, text in found.items() if text is not None}


def _lines(element: etree._Element, shape: LinesShape) -> tuple[Texts, ...]:
    lines = element.findall(f"{shape.container}/{shape.element}")
    return tuple(_texts(line, shape.elements) for line in lines)


def _text(root: etree._Element) -> str:
    return '<?xml version="1.0"?>\n' + etree.tostring(root, encoding="unicode", pretty_print=True)


def _parser() -> etree.XMLParser:
    """Nothing outside the document is read, and no entity is expanded."""
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
