"""What the engine needs from the world, as Protocols and plain rows.

Adapters implement them; the engine never imports an adapter and branches on ``Capabilities``,
never on a platform's name.
"""

from syncd.ports.connector import (
    BridgeChannel,
    Capabilities,
    Clock,
    Connector,
    EntitySpec,
    Finding,
    OperationSpec,
    Page,
    Proof,
    Seen,
    Vault,
    WebhookReceiver,
    WriteRequest,
)
from syncd.ports.store import (
    Acknowledgement,
    FlowRow,
    HoldRow,
    IntentRow,
    Known,
    NewIntent,
    Observation,
    PairRow,
    Settlement,
    Store,
    StreamRow,
    Verdict,
)

__all__ = [
    "Acknowledgement",
    "BridgeChannel",
    "Capabilities",
    "Clock",
    "Connector",
    "EntitySpec",
    "Finding",
    "FlowRow",
    "HoldRow",
    "IntentRow",
    "Known",
    "NewIntent",
    "Observation",
    "OperationSpec",
    "Page",
    "PairRow",
    "Proof",
    "Seen",
    "Settlement",
    "Store",
    "StreamRow",
    "Vault",
    "Verdict",
    "WebhookReceiver",
    "WriteRequest",
]
