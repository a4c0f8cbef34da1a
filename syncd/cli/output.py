"""What reaches the terminal: data to stdout in the format asked for, talk to stderr.

Records come from other people's systems. Whatever in them could drive a terminal, a markup reader
or a spreadsheet is made harmless here and nowhere else.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from syncd.cli.options import Output, options

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_HOSTILE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters (ANSI starts with one), marks that turn the reading direction, lone surrogates."""

_FORMULA: Final = re.compile(r"^[=+@\-](?![\d.,\s]*$)")
"""Text that a spreadsheet would run."""


def neutral(text: object) -> str:
    """``text`` on one line, with nothing in it that a terminal obeys: shown as ``\\x1b`` instead."""
    return _HOSTILE.sub(_shown, str(text))


def _shown(found: re.Match[str]) -> str:
    if found[0] in "\n\r\t":
        return " "
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _json_safe(text: str) -> str:
    # inside JSON such characters stand only in strings, where an escape means the same; new lines
    # outside them are json's own indentation
    return _HOSTILE.sub(lambda m: m[0] if m[0] == "\n" else f"\\u{ord(m[0]):04x}", text)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: key of the row, heading, and how it is shown."""

    key: str
    title: str
    wide: bool = False
    """Only in ``-o wide`` and in machine formats."""
    right: bool = False
    spare: bool = False
    """Left out of ``-o table`` while no row has anything in it but zero."""
    palette: Mapping[str, str] = field(default_factory=dict)
    """Value -> style."""


Row = Mapping[str, Any]


def text(content: object, style: str = "") -> Text:
    """Harmless text for rich. Markup in it stays letters."""
    from rich.text import Text  # noqa: PLC0415 - only what prints pays for rich

    return Text(neutral(content), style=style)


def console(*, stderr: bool = False) -> Console:
    """Colour only on a terminal and without NO_COLOR; piped tables are not cut."""
    from rich.console import Console  # noqa: PLC0415

    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty() or options().output is Output.WIDE
    return Console(
        stderr=stderr, width=400 if piped else None, highlight=False, markup=False, emoji=False,
        soft_wrap=False,
    )  # fmt: skip


def say(message: str, style: str = "") -> None:
    """Talk: to stderr, and not with ``--quiet``."""
    if not options().quiet:
        complain(message, style)


def complain(message: str, style: str = "") -> None:
    """Talk that ``--quiet`` does not silence. Each line is made harmless by itself."""
    err = console(stderr=True)
    for line in message.split("\n"):
        err.print(text(line, style), soft_wrap=True)


def emit(
    data: Any,
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    people: Callable[[], RenderableType] | None = None,
    empty: str = "",
) -> None:
    """Write data in the format asked for. ``data`` is the whole, JSON-like; ``rows`` its flat view.

    json and yaml write ``data``; jsonl and csv the rows; table and wide what ``people`` makes, or
    the rows. ``empty`` is said to people where there are no rows.
    """
    form = options().output
    if form is Output.JSON:
        _write(_json_safe(json.dumps(data, ensure_ascii=False, indent=2)) + "\n")
    elif form is Output.JSONL:
        _write("".join(_json_safe(json.dumps(row, ensure_ascii=False)) + "\n" for row in rows))
    elif form is Output.YAML:
        _write(_yaml(data))
    elif form is Output.CSV:
        _write(_csv(rows, columns))
    elif rows:
        console().print(table(rows, columns) if people is None else people())
    elif empty:
        say(empty)


def table(rows: Sequence[Row], columns: Sequence[Column]) -> RenderableType:
    """A plain table: no borders, so that it can be cut and searched."""
    from rich.table import Table  # noqa: PLC0415

    wide = options().output is Output.WIDE
    shown = [c for c in columns if wide or _worth_showing(c, rows)]
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in shown:
        made.add_column(column.title, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_shown_cell(row.get(c.key), c.palette) for c in shown))
    return made


def _worth_showing(column: Column, rows: Sequence[Row]) -> bool:
    return not column.wide and not (column.spare and all(not row.get(column.key) for row in rows))


def _shown_cell(value: object, palette: Mapping[str, str]) -> Text:
    from rich.text import Text  # noqa: PLC0415

    if isinstance(value, Text):
        return value  # made by `text`, several lines of it
    cell = _cell(value)
    return text(cell, palette.get(cell, ""))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _yaml(data: Any) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415

    buffer = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.representer.sort_base_mapping_type_on_output = False
    yaml.dump(_neutralised(data), buffer)
    return buffer.getvalue()


def _neutralised(data: Any) -> Any:
    if isinstance(data, str):
        return neutral(data)
    if isinstance(data, Mapping):
        return {neutral(key): _neutralised(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_neutralised(item) for item in data]
    return data


def _csv(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([c.key for c in columns])
    for row in rows:
        cells = (neutral(_cell(row.get(c.key))) for c in columns)
        writer.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return buffer.getvalue()


def _write(written: str) -> None:
    sys.stdout.write(written)
    sys.stdout.flush()
