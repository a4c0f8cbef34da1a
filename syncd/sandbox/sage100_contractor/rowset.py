"""``SQLRunRq``: one SELECT, answered as an ADO rowset (a schema, then rows as attributes)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from lxml import etree

from syncd.sandbox.sage100_contractor.refusals import Code, refuse

_SCHEMA: Final = "uuid:BDC6E3F0-6DA3-11d1-A2A3-00AA00C14882"
_DATA: Final = "urn:schemas-microsoft-com:rowset"
_ROW: Final = "#RowsetSchema"


def run_select(path: Path, statement: str) -> etree._Element:
    """The rows of one SELECT on the company database. Raises ``RefuseRecord``.

    An empty (NULL) value has no attribute in its row, as ADO writes it.
    """
    if not statement.lstrip().casefold().startswith("select"):
        raise refuse(Code.SQL, "Only a SELECT can be run.", "sql")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            cursor = connection.execute(statement)
            names = [column[0] for column in cursor.description]
            return _rowset(names, cursor.fetchall())
    except (sqlite3.Error, sqlite3.Warning) as wrong:
        raise refuse(Code.SQL, f"The statement cannot be run: {wrong}", "sql") from None


def _rowset(names: list[str], rows: list[tuple[object, ...]]) -> etree._Element:
    root = etree.Element("xml", nsmap={"s": _SCHEMA, "rs": _DATA, "z": _ROW})
    schema = etree.SubElement(root, f"{{{_SCHEMA}}}Schema", id="RowsetSchema")
    kind = etree.SubElement(schema, f"{{{_SCHEMA}}}ElementType", name="row", content="eltOnly")
    for at, name in enumerate(names, 1):
        attribute = etree.SubElement(kind, f"{{{_SCHEMA}}}AttributeType", name=name)
        attribute.set(f"{{{_DATA}}}number", str(at))
    data = etree.SubElement(root, f"{{{_DATA}}}data")
    for row in rows:
        held = {name: str(value) for name, value in zip(names, row, strict=True) if value is not None}
        etree.SubElement(data, f"{{{_ROW}}}row", held)
    return root
