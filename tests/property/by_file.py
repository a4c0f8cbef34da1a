"""The lenses of a platform that is written by file, with every kind of record that a connection may have."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.registry import Platform
from syncd.files.documents import document_map, master_map
from syncd.files.settings import FileSettings
from syncd.mapping.entity_map import EntityMap

_SETTINGS = FileSettings.model_validate(
    {
        "folder": "handover",
        "layouts": {n: f"{n}.yaml" for n in ("invoice", "time_entry", "purchase_order", "job_cost")},
        "masters": {
            n: {"file": f"{n}.csv", "key": "Code", "columns": {"name": "Name"}}
            for n in ("customer", "job", "vendor")
        },
    }
)


def lenses(platform: Platform) -> Mapping[str, EntityMap]:
    """entity -> its lens."""
    known = platform.entities_of(_SETTINGS)
    masters = {str(name): master_map(str(name), master) for name, master in _SETTINGS.masters.items()}
    return masters | {name: document_map(name, masters) for name in known if name not in masters}
