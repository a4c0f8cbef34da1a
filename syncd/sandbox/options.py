"""Settings of a sandbox beyond its seed and size: given as text, unknown names refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from syncd.core.errors import FixInput


class SandboxOptions(BaseModel):
    """Base of a sandbox's options (``--option token_life_s=60``)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, options: Mapping[str, str]) -> Self:
        """Raises ``FixInput`` naming the option."""
        try:
            return cls.model_validate(dict(options))
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(step) for step in first["loc"])
            known = ", ".join(cls.model_fields)
            raise FixInput(f"sandbox option {name!r}: {first['msg']}", remedy=f"known: {known}") from None
