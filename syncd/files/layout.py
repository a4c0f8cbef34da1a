"""A customer's import layout, as a file that people review: record types, columns, widths, formats, codes.

The layout *is* the ledger's schema: it is set up inside the customer's system and can be edited there, so it
is never shipped, only read. Rendering is pure: a record that does not fit is refused, never cut or guessed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from syncd.core.errors import FixInput, RefuseRecord

_FORMULA = ("=", "+", "-", "@")
_Read = TypeVar("_Read")
_NEWLINES = {"crlf": "\r\n", "lf": "\n"}
REFERENCE = "reference"
"""The column source that holds our own reference."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reviewed(_Section):
    """Who compared the layout with the ledger's own, and with what."""

    by: Annotated[str, Field(min_length=1)]
    on: date
    against: Annotated[str, Field(min_length=1)]
    """What it was compared with: a sample file the ledger accepted, its exported layout."""


class Column(_Section):
    """One column: a field of the record, of its line, our reference, or words that never change."""

    field: str | None = None
    """A canonical field (``number``), one of the line's (``line.amount``), ``line.at`` (its number, from
    1) or ``reference`` (ours)."""
    constant: str | None = None
    required: bool = False
    """Refuse the record where there is nothing to write."""
    width: Annotated[int, Field(ge=1)] | None = None
    """Characters the ledger takes; in a fixed layout also the column's breadth."""
    cut: bool = False
    """Whether longer text may be cut to the width; only text that identifies nothing."""
    align: Literal["left", "right"] = "left"
    date: str | None = None
    """``strftime`` form of a day, such as ``%m%d%Y``."""
    decimals: Annotated[int, Field(ge=0, le=6)] | None = None
    """Write a number with so many decimals; a number that has more is refused, unless ``round``."""
    round: bool = False
    codes: Mapping[str, str] | None = None
    """Our words -> the ledger's codes; a word that is not among them is refused."""
    reversal: Literal["same", "negate"] | str = "same"
    """In the reversal file: the same, the negative, or ``=WORDS`` in its place."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.field is None) == (self.constant is None):
            raise ValueError("give either `field` or `constant`")
        if self.reversal not in ("same", "negate") and not self.reversal.startswith("="):
            raise ValueError("`same`, `negate` or `=WORDS` expected")
        return self


class RecordType(_Section):
    """One kind of row, written once a document or once each of its lines."""

    each: Literal["document", "line"] = "document"
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _lines_have_lines(self) -> Self:
        if self.each == "document" and any((c.field or "").startswith("line.") for c in self.columns):
            raise ValueError("a column of the line, in a row that is written once a document")
        return self


class Layout(_Section):
    """One import file's form."""

    reviewed: Reviewed
    entity: str
    amount: str
    """The field that totals are taken of: ``total``, ``regular_hours``, ``amount``."""
    form: Literal["delimited", "fixed"] = "delimited"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quoting: Literal["all", "needed", "none"] = "needed"
    """``none``: text that holds the delimiter or a quote is refused."""
    encoding: str = "cp1252"
    newline: Literal["crlf", "lf"] = "crlf"
    spreadsheet: bool = True
    """Whether somebody may open the file in a spreadsheet: text that it would run as a formula gets an
    apostrophe in front. ``false`` writes text as it is."""
    heading: tuple[str, ...] = ()
    """Column names in the first row, where the import wants them."""
    suffix: Annotated[str, Field(pattern=r"^\.[A-Za-z0-9]{1,8}$")] = ".txt"
    records: Annotated[tuple[RecordType, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        columns = [column for kind in self.records for column in kind.columns]
        if self.form == "fixed" and any(column.width is None for column in columns):
            raise ValueError("in a fixed layout every column has a width")
        if all(column.reversal == "same" for column in columns):
            raise ValueError("no column differs in the reversal file: it would post everything once more")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(f"unknown encoding {self.encoding!r}") from None
        return self

    def rows(self, document: Mapping[str, Any], reference: str, *, reversal: bool = False) -> Sequence[str]:
        """The lines of one document, without their ends. ``document`` is canonical fields as JSON values.

        Raises ``RefuseRecord`` naming the column: something is missing, too long, not among the codes or
        not to be written in the file's encoding.
        """
        return [
            self._joined([_cell(column, value, self, reversal=reversal) for column, value in row])
            for kind in self.records
            for row in _sources(kind, document, reference)
        ]

    def file(self, documents: Sequence[tuple[Mapping[str, Any], str]], *, reversal: bool = False) -> bytes:
        """A whole file of (document, reference)s. Raises ``RefuseRecord``."""
        rows = [self._joined(list(self.heading))] if self.heading else []
        for document, reference in documents:
            rows += self.rows(document, reference, reversal=reversal)
        newline = _NEWLINES[self.newline]
        return "".join(row + newline for row in rows).encode(self.encoding)

    def total(self, document: Mapping[str, Any]) -> Decimal:
        """What one document adds to a batch's total."""
        value = document.get(self.amount)
        return Decimal(0) if value is None else Decimal(str(value))

    def _joined(self, cells: Sequence[str]) -> str:
        if self.form == "fixed":
            return "".join(cells)
        if self.quoting == "none":
            if any(self.delimiter in cell or '"' in cell for cell in cells):
                raise RefuseRecord(
                    "text holds the column separator, and this layout quotes nothing", code="validation"
                )
            return self.delimiter.join(cells)
        out = io.StringIO()
        if self.quoting == "all":
            csv.writer(out, delimiter=self.delimiter, quoting=csv.QUOTE_ALL, lineterminator="").writerow(
                cells
            )
        else:
            csv.writer(out, delimiter=self.delimiter, lineterminator="").writerow(cells)
        return out.getvalue()


def load_layout(path: Path) -> Layout:
    """The layout in a YAML file. Raises ``FixInput`` with the place of what is wrong."""
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return Layout.model_validate(content)
    except OSError as error:
        raise FixInput(
            f"the layout {path.name} cannot be read: {error.strerror}",
            remedy="ask the customer for one file that the ledger accepted, and write its layout down",
        ) from None
    except (YAMLError, UnicodeDecodeError):
        raise FixInput(f"{path.name} is not YAML", remedy="see docs/file-connectors.md") from None
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        at = ".".join(str(step) for step in first["loc"])
        raise FixInput(f"{path.name}: {at}: {first['msg']}", remedy="see docs/file-connectors.md") from None


# -- one cell -------------------------------------------------------------------------------------


def _sources(
    kind: RecordType, document: Mapping[str, Any], reference: str
) -> Iterator[list[tuple[Column, Any]]]:
    lines = document.get("lines") or [] if kind.each == "line" else [{}]
    for at, line in enumerate(lines, 1):
        told = {**document, REFERENCE: reference, **{f"line.{n}": v for n, v in line.items()}, "line.at": at}
        yield [(c, c.constant if c.field is None else told.get(c.field)) for c in kind.columns]


def _cell(column: Column, value: Any, layout: Layout, *, reversal: bool) -> str:
    name = column.field or "constant"
    if reversal and column.reversal.startswith("="):
        text = column.reversal[1:]
    elif value is None or value == "":
        if column.required:
            raise _refused(name, "is empty, and the ledger's import wants it")
        text = ""
    else:
        text = _written(column, name, value, layout, negative=reversal and column.reversal == "negate")
    text = _fitted(column, name, text, padded=layout.form == "fixed")
    try:
        text.encode(layout.encoding)
    except UnicodeEncodeError:
        raise _refused(name, f"holds characters that {layout.encoding} cannot write") from None
    return text


def _written(column: Column, name: str, value: Any, layout: Layout, *, negative: bool) -> str:
    if column.codes is not None:
        if str(value) not in column.codes:
            raise _refused(name, "is a word that the layout's code table does not have")
        return column.codes[str(value)]
    if column.date is not None:
        day = _parsed(name, "a day", lambda: date.fromisoformat(str(value)))
        return day.strftime(column.date)
    if column.decimals is not None or negative:
        return _number(column, name, value, negative=negative)
    # a line break inside a text would be a row of its own to most imports
    text = " ".join(str(value).split())
    # a constant is the layout's own, and was reviewed
    guarded = layout.spreadsheet and column.field is not None and text.startswith(_FORMULA)
    return f"'{text}" if guarded and not _plain_number(text) else text


def _number(column: Column, name: str, value: Any, *, negative: bool) -> str:
    number = _parsed(name, "a number", lambda: Decimal(str(value)))
    if not number.is_finite():
        raise _refused(name, "is not a number")
    number = -number if negative else number
    if column.decimals is None:
        return f"{number:f}"
    exact = number.quantize(Decimal(1).scaleb(-column.decimals), ROUND_HALF_UP)
    if exact != number and not column.round:
        raise _refused(name, f"has more than {column.decimals} decimals")
    return f"{abs(exact) if exact == 0 else exact:f}"


def _parsed(name: str, what: str, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except (ValueError, InvalidOperation):
        raise _refused(name, f"is not {what}") from None


def _fitted(column: Column, name: str, text: str, *, padded: bool) -> str:
    if column.width is None:
        return text
    if len(text) > column.width:
        if not column.cut:
            raise _refused(name, f"is longer than the {column.width} characters the ledger takes")
        text = text[: column.width]
    if not padded:
        return text
    return text.rjust(column.width) if column.align == "right" else text.ljust(column.width)


def _plain_number(text: str) -> bool:
    """``-4.20`` is no formula to a spreadsheet; ``-4+cmd`` is."""
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _refused(name: str, words: str) -> RefuseRecord:
    return RefuseRecord(
        f"{name} {words}",
        code="validation",
        field="lines" if name.startswith("line.") else name,
        remedy="mend the record at its source, or have the layout reviewed anew",
    )
