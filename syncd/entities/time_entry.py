"""A time entry: one person's hours of one day on one job and cost code, by class of pay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity


class TimeEntry(Entity):
    entity: ClassVar[str] = "time_entry"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("number",),
        # one side may keep each class of pay in a row of its own
        *(
            ("employee", "date", "job", "cost_code", hours)
            for hours in ("regular_hours", "overtime_hours", "double_hours")
        ),
        ("employee", "date", "job", "cost_code"),
    )
    label: ClassVar[tuple[str, ...]] = ("number", "date")
    mode: ClassVar[Mode] = Mode.LEFT_TO_RIGHT
    posts: ClassVar[bool] = True

    number: Annotated[str | None, Crosses(normaliser="text")] = None
    """The source's own id, where the other side keeps it; hours have no human number."""
    employee: Annotated[str | None, Crosses(Kind.REFERENCE, "employee", required=True)] = None
    date: Annotated[dt.date | None, Crosses(required=True)] = None
    """The day of the shift at the place of work."""
    job: Annotated[str | None, Crosses(Kind.REFERENCE, "job")] = None
    phase: Annotated[str | None, Crosses(Kind.CROSSWALK, "phase")] = None
    cost_code: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_code")] = None
    cost_type: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_type")] = None
    earning: Annotated[str | None, Crosses(Kind.CROSSWALK, "earning")] = None
    """Pay type, where a side has one per entry instead of hours by class."""
    regular_hours: Annotated[Decimal | None, Crosses(group="hours")] = None
    overtime_hours: Annotated[Decimal | None, Crosses(group="hours")] = None
    double_hours: Annotated[Decimal | None, Crosses(group="hours")] = None
    trade: Annotated[str | None, Crosses(Kind.CROSSWALK, "trade")] = None
    classification: Annotated[str | None, Crosses(Kind.CROSSWALK, "classification")] = None
    department: Annotated[str | None, Crosses(Kind.CROSSWALK, "department")] = None
    billable: Annotated[bool | None, Crosses()] = None
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    status: Annotated[str | None, LOCAL] = None
    """Each side's own approval; a flow's ``select`` names the status that sends it on."""
