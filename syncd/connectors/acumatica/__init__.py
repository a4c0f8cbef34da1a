"""Acumatica: cloud ERP, contract-based REST. Every customer is an instance of its own."""

from __future__ import annotations

from syncd.connectors.acumatica.connector import AcumaticaConnector, open_connection
from syncd.connectors.acumatica.entities import KINDS
from syncd.connectors.acumatica.profile import AcumaticaProfile
from syncd.connectors.acumatica.settings import Settings
from syncd.connectors.registry import Platform

PLATFORM = Platform(
    name="acumatica",
    title="Acumatica",
    entities=tuple(KINDS),
    settings=Settings,
    open=open_connection,
    profile=AcumaticaProfile,
)

__all__ = ["PLATFORM", "AcumaticaConnector", "AcumaticaProfile", "Settings"]
