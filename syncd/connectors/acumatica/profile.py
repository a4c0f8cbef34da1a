"""The site profile: what differs from instance to instance, or is not public, and decides what is written.

Each docstring ends with how the fact is known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from syncd.connectors.profiles import read_profile
from syncd.rest.login import Section


class Defaults(Section):
    """What new records of one kind carry beside what comes from the other side."""

    values: dict[str, Any] = Field(default_factory=dict)
    """Field -> plain value, as the endpoint names them: `CustomerClass: LOCAL`. Yours."""


class AcumaticaProfile(Section):
    """Everything about one tenant that must be known to write to it."""

    customers_numbered: bool
    """Whether the numbering sequence gives customers their ids; false: they must bring one. Yours."""
    vendors_numbered: bool
    """The same for vendors. Yours."""
    invoice_type: str
    """What `Type` holds for an ordinary receivable: `Invoice` with contract 4 (documented); with contract 5
    the option's id, which is not public. Assumed."""
    bill_type: str
    """What `Type` holds for an ordinary payable: `Bill` with contract 4 (documented); with 5 its id.
    Assumed."""
    order_type: str
    """What `Type` holds for an ordinary purchase order: `Normal` with contract 4 (inferred); with 5 its id.
    Assumed."""
    on_hold: bool
    """Whether documents are made on hold, for a person to look at; false: balanced, ready for release.
    Yours."""
    tax_item: str | None
    """The non-taxable item whose line carries the tax that the other side charged: Acumatica would otherwise
    reckon its own. null: taxes are Acumatica's alone, and totals may differ. Yours."""
    taxable: str
    """The tax category of lines that tax applies to. Yours."""
    exempt: str
    """The tax category of lines that no tax applies to. Yours."""
    defaults: dict[str, Defaults] = Field(default_factory=dict)
    """Kind of record -> what new ones carry. Yours."""
    transient: tuple[str, ...] = ("another process", "deadlock", "timeout")
    """Words in a 500's explanation after which the same request may succeed later. Inferred."""


def load_profile(path: Path) -> AcumaticaProfile:
    """Read a profile. Raises ``FixInput`` naming the file and the field."""
    return read_profile(path, AcumaticaProfile)
