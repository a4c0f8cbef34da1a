"""``syncd check`` against a tenant that is not as the profile says: each wrong entry is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from syncd.connectors.buildops import PLATFORM, Settings
from syncd.connectors.buildops.profile import load_profile
from syncd.connectors.registry import Opening
from syncd.sandbox.buildops.server import OWN_PROFILE
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.conformance.wire import HurriedClock, MemoryVault


@pytest.mark.parametrize(
    ("tenant", "named"),
    [
        ({}, set()),
        ({"first: 0": "first: 1"}, {"pages.first"}),
        ({"size: limit": "size: page_size"}, {"pages.size"}),
        ({"rows: items": "rows: data"}, {"pages.rows"}),
        ({"total: totalCount": "total: query.totalCount"}, {"pages.total"}),
        ({"shape: long": "shape: short"}, {"address.shape"}),
        ({"customer: updatedAfter": "customer: lastUpdatedDateStart"}, {"changes.customer"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, Mapping) else None,
)
async def test_what_the_tenant_does_otherwise_is_named(
    tmp_path: Path, tenant: Mapping[str, str], named: set[str]
) -> None:
    text = OWN_PROFILE.read_text()
    for ours, theirs in tenant.items():
        text = text.replace(ours, theirs)
    (tmp_path / "tenant.yaml").write_text(text)
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    async with running("buildops", Order(seed=2, size=8, profile=tmp_path / "tenant.yaml")) as live:
        details = live.ready.details
        secret.write_text(details["secret"])
        settings = Settings.model_validate(
            {
                "base_url": details["base_url"],
                "tenant_id": details["tenant_id"],
                "auth": {"client_id": details["client_id"], "client_secret": f"file:{secret}"},
                "requests_per_s": 10_000,
            }
        )
        opening = Opening("field", settings, HurriedClock(), MemoryVault(), profile=load_profile(OWN_PROFILE))
        connector = PLATFORM.open(opening)
        found = await connector.probe()
        await connector.close()
    wrong = {
        f.subject.removeprefix("profile: ") for f in found if f.level == "error" and "profile" in f.subject
    }
    assert wrong == named
    assert "experimental" in {finding.subject for finding in found}
