"""Settings of a memory connection."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class MemorySettings(BaseModel):
    """A platform held in this process: for trying a configuration, and for tests."""

    model_config = ConfigDict(extra="forbid")

    platform: str = ""
    """Name of the platform held in this process; empty: the connection's own name. Two connections
    that name the same one share its records."""
    shape: Literal["field", "ledger"] = "field"
    """How it spells its records: like a field-service product, or like an accounting one."""
    page_size: int = Field(default=100, ge=1, le=10_000)
    """Records per page of a listing."""
    overlap_s: float = Field(default=300.0, ge=0)
    """How far an incremental walk goes back behind its watermark, in seconds."""
