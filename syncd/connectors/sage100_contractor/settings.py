"""What a connection to Sage 100 Contractor is configured with.

Facts of the site that no public document gives (request names, status numbers, the server's time
zone) stand in its site profile, not here. The password of the API user stays with the bridge.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TableColumn = Annotated[str, Field(pattern=r"^[a-z0-9_]{2,10}\.[a-z0-9_]{2,10}$")]
"""``table.column`` in Sage's names."""


class Settings(BaseModel):
    """One company database of one Sage 100 Contractor installation."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    company: Annotated[str, Field(min_length=1)]
    """The company as the product names it; MBXML sessions open it. Security is per company."""
    user: Annotated[str, Field(min_length=1)]
    """The API user: a member of the security group ``API``, not the company administrator."""
    billing: Literal["job", "service"] = "job"
    """Where invoices go. ``job``: AR invoices (``acrinv``), which hang off a job. ``service``: service
    invoices (``srvinv``), which hang off a client and may name a job."""
    dialect: Literal["mssql", "sqlite"] = "mssql"
    """The SQL that the bridge's database speaks. ``sqlite`` is the sandbox's."""
    page_size: Annotated[int, Field(ge=1, le=1000)] = 200
    """Records read by one statement."""
    overlap_s: Annotated[int, Field(ge=0)] = 120
    """Seconds a walk goes back before its watermark: change stamps are set before their transaction
    commits, so a slow one shows up behind a faster one."""
    line_stamps: bool = True
    """Whether an invoice counts as changed when only a line of it did. Costs one look over the line
    table a walk; switch off where lines carry no change stamp."""
    locations: bool = False
    """Whether this site keeps service locations (``srvloc``). They are read, never written."""
    payroll: bool = False
    """Whether employees (`employ`, read alone) and daily payroll (`dlypyr`) are offered: hours that a field
    system knows are approved become lines of daily payroll, which payroll makes pay and job cost of."""
    client_status: int | None = None
    """``reccln.status`` of a client we create, a number of the site's catalogue; unset leaves it to Sage."""
    client_type: int | None = None
    """``reccln.clntyp`` of a client we create; unset leaves it to Sage."""
    job_status: int | None = 4
    """``actrec.status`` of a job we create: 4 is Current."""
    job_type: int | None = None
    """``actrec.jobtyp`` of a job we create; unset leaves it to Sage."""
    invoice_status: Literal[1, 2, 3] = 1
    """Status of an AR invoice we create: 1 Open, 2 Review, 3 Dispute. Paid and void cannot be set."""
    invoice_type: Literal[1, 2] = 1
    """``acrinv.invtyp`` of an invoice we create: 1 Contract, 2 Memo."""
    service_status: Literal[1, 2, 3, 6, 7, 8, 9, 10] = 1
    """``srvinv.status`` of a service invoice we create: 1 Open posts it, 7 Work Order leaves posting to
    the office."""
    absent: frozenset[TableColumn] = frozenset()
    """Columns this site's version does not have: they are neither read nor written. ``check`` names them."""
    concurrency: Annotated[int, Field(ge=1, le=4)] = 1
    """Writes under way at once. Every MBXML session takes a product licence for as long as it lasts."""
    retry_after_s: Annotated[float, Field(gt=0)] = 60.0
    """How long to wait after Sage was locked, out of licences or exclusively used by another."""
