"""ServiceTrade's lenses, as the sandbox's profile has them, payments included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from syncd.connectors.servicetrade import profile
from syncd.connectors.servicetrade.entities import Embedded, entity_maps
from syncd.mapping.entity_map import EntityMap
from syncd.sandbox.servicetrade.server import OWN_PROFILE
from tests.property.wires import ALPHABET, wire_values


def maps() -> Mapping[str, EntityMap]:
    payments = profile.Payments(
        path="/payment",
        list_key="payments",
        invoice_id="invoiceId",
        reference="reference",
        date="paymentDate",
        method="method",
        amount="amount",
    )
    own = profile.load_profile(OWN_PROFILE).model_copy(update={"payments": payments})
    return entity_maps(own, "America/New_York")


@wire_values.register
def _(atom: Embedded) -> st.SearchStrategy[Any]:
    codes = st.none() | st.integers(0, 10**6) | st.text(ALPHABET, max_size=12)
    return st.fixed_dictionaries({"id": st.integers()}, optional={atom.key: codes})
