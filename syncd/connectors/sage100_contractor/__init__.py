"""Sage 100 Contractor: read by SQL, written by MBXML through the bridge beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from syncd.connectors.registry import Opening, Platform
from syncd.connectors.sage100_contractor.connector import Sage100ContractorConnector, Settling
from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.connectors.sage100_contractor.settings import Settings
from syncd.core.errors import FixInput

_COLUMN: Final = re.compile(r"[a-z0-9_]{2,10}")


def _open(opening: Opening) -> Sage100ContractorConnector:
    settings, profile = opening.settings, opening.profile
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    if not isinstance(profile, Sage100ContractorProfile):
        raise FixInput(
            f"connection {opening.connection}: Sage 100 Contractor needs a site profile",
            remedy="name the file under `profile`; it says which requests and elements the site's "
            "mbxml.xsd offers (`syncd init` writes one to start from)",
        )
    if opening.channel is None:
        raise FixInput(
            f"connection {opening.connection}: Sage 100 Contractor is reached through a bridge",
            remedy="configure `bridge` for this connection and run `syncd bridge` beside Sage",
        )
    _check_columns(opening.connection, opening.custom)
    known = opening.settle_s is not None
    assumed = opening.settle_provenance if opening.settle_provenance != "unknown" else "assumed"
    return Sage100ContractorConnector(
        settings,
        profile,
        opening.channel,
        opening.clock,
        custom=opening.custom,
        concurrency=opening.concurrency or settings.concurrency,
        settling=Settling(opening.settle_s, assumed if known else "unknown"),
    )


def _check_columns(connection: str, custom: Mapping[str, Mapping[str, str]]) -> None:
    for entity, paths in custom.items():
        for name, column in paths.items():
            if not _COLUMN.fullmatch(column):
                raise FixInput(
                    f"connection {connection}: custom field {entity}.{name} names no column of Sage",
                    remedy="give the column as Sage's tables name it, such as usrdf2",
                )


PLATFORM = Platform(
    name="sage100-contractor",
    title="Sage 100 Contractor",
    entities=("customer", "location", "job", "invoice", "payment", "employee", "time_entry"),
    settings=Settings,
    open=_open,
    profile=Sage100ContractorProfile,
    bridged=True,
)

__all__ = ["PLATFORM", "Sage100ContractorConnector", "Sage100ContractorProfile", "Settings"]
