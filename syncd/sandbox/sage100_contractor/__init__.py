"""Sage 100 Contractor as it is seen from beside it: its SQL tables, and the object that takes MBXML.

The object's face is one POST for each method, ``/object/<Method>`` with ``{"args": [...]}`` and
``{"result": ...}``; ``object_client.SandboxObject`` speaks it. The database is a SQLite file whose
address stands in the ready line (``database_url``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.sage100_contractor.product import Sage100ContractorSandbox
from syncd.sandbox.sandbox import Keep, SandboxPlatform


def _settings(told: Mapping[str, str], _keep: Keep) -> Mapping[str, Any]:
    return {
        "company": told["company"],
        "user": told["user"],
        "dialect": "sqlite",
        "locations": True,
        "payroll": True,
    }


SANDBOX = SandboxPlatform(
    name="sage100-contractor",
    build=Sage100ContractorSandbox,
    settings=_settings,
    variants=({"billing": "job"}, {"billing": "service"}),
)
