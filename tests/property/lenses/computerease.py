"""The lenses of a ComputerEase connection with every kind of record it may have."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.computerease import PLATFORM, Settings
from syncd.files.documents import document_map, master_map
from syncd.mapping.entity_map import EntityMap

SETTINGS = Settings.model_validate(
    {
        "folder": "handover",
        "layouts": {n: f"{n}.yaml" for n in ("invoice", "time_entry", "purchase_order", "job_cost")},
        "masters": {
            n: {"file": f"{n}.csv", "key": "Code", "columns": {"name": "Name"}}
            for n in ("customer", "job", "vendor")
        },
    }
)


def maps() -> Mapping[str, EntityMap]:
    known = PLATFORM.entities_of(SETTINGS)
    masters = {str(name): master_map(str(name), master) for name, master in SETTINGS.masters.items()}
    return masters | {name: document_map(name, masters) for name in known if name not in masters}
