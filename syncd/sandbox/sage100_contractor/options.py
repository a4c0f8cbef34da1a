"""What a sandbox of this product can be ordered with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from syncd.core.errors import FixInput


class Options(BaseModel):
    """Given as texts (``Order.options``)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: Path | None = None
    """The company database's file; one that already holds a company is taken up as it is. Left out:
    a temporary file that goes with the sandbox."""
    billing: Literal["job", "service"] = "job"
    """Where the made-up invoices of the past stand: on jobs (those without one as service
    invoices), or all as service invoices."""
    licences: Annotated[int, Field(ge=0)] = 5
    """Licences of the product; every object and every person at work uses one."""
    data_source: str = "SAGE\\SQLSYNCD"
    company: str = "Demo Mechanical"
    user: str = "SYNCAPI"
    password: str = "sandbox-only"  # noqa: S105 - of a made-up company that listens on loopback
    api_group: bool = True
    """Whether the user is a member of the group named API."""
    exclusive_access: bool | None = None
    """Whether writes demand exclusive access; left out: as the profile says."""
    save_right: bool = True
    """Whether the group API may save."""
    change_period_right: bool = False
    """Whether the group API may post to another period than the invoice date's."""

    @classmethod
    def read(cls, texts: dict[str, str]) -> Options:
        """Raises ``FixInput`` naming the option."""
        try:
            return cls.model_validate(texts)
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False)[0]
            option = ".".join(str(step) for step in first["loc"])
            raise FixInput(
                f"option {option!r}: {first['msg']}",
                remedy=f"known options: {', '.join(cls.model_fields)}",
            ) from None
