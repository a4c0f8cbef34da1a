"""Published XML, read without following anything it points to."""

from __future__ import annotations

from lxml import etree

from syncd.core.errors import FixInput


def xml(published: bytes) -> etree._Element:
    """The root of an XML document. Raises ``FixInput``."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(published, parser)
    except etree.XMLSyntaxError as wrong:
        raise FixInput(f"no XML document: line {wrong.lineno}") from None
