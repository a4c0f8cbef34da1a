"""The rules of logins: expiry, one renewal for all, rotation, what is refused."""

from __future__ import annotations

import asyncio

import pytest

from syncd.core.errors import (
    RenewCredentials,
)
from tests.conformance.harness import Harness, Moment, Trouble
from tests.conformance.steps import (
    Suite,
    bytes_by_key,
    no_secret,
    silent,
    walk,
)


class Logins(Suite):
    """The rules of logins: expiry, one renewal for all, rotation, what is refused."""

    async def test_an_expired_login_is_renewed_mid_walk(self, harness: Harness) -> None:
        keys = await harness.seed(self.main, 9)
        connector = await harness.connect()
        await harness.order(Trouble.LOGIN_EXPIRED, Moment.READ, after=1)
        pages = await walk(connector, self.main)
        assert set(keys) <= set(bytes_by_key(pages))
        assert pages[-1].complete

    async def test_readers_share_one_renewal(self, harness: Harness) -> None:
        """However many find out at once that the login has ended, it is renewed once: where refresh tokens
        rotate, a second refresher would end the first one's."""
        keys = await harness.seed(self.main, 6)
        connector = await harness.connect()
        await walk(connector, self.main)
        before = await harness.logins()
        if before is None:
            pytest.skip("its login is never renewed: it goes with every request")
        await harness.order(Trouble.LOGIN_EXPIRED, Moment.READ)
        found = await asyncio.gather(*(connector.fetch(self.main, key) for key in keys))
        assert [seen and seen.key for seen in found] == list(keys)
        assert await harness.logins() == before + 1

    async def test_a_renewed_login_outlives_the_process(self, harness: Harness) -> None:
        """Another process goes on with what the last one left: a rotated token is kept before it is used."""
        keys = await harness.seed(self.main, 3)
        for _ in range(3):
            connector = await harness.connect()
            await walk(connector, self.main)
            await harness.order(Trouble.LOGIN_EXPIRED, Moment.READ)
            assert set(keys) <= set(bytes_by_key(await walk(connector, self.main)))
            await connector.close()

    async def test_wrong_credentials_stop_the_connection(self, harness: Harness) -> None:
        """An error for whom it may concern, a finding for ``check``, and no secret in either."""
        connector = await harness.connect(good_credentials=False)
        with silent(harness), pytest.raises(RenewCredentials):
            await walk(connector, self.main)
        findings = await connector.probe()
        assert "error" in {finding.level for finding in findings}
        no_secret(harness, repr(findings))

    async def test_probe_of_a_good_connection_finds_nothing_wrong(self, harness: Harness) -> None:
        findings = await (await harness.connect()).probe()
        assert findings
        assert [finding for finding in findings if finding.level == "error"] == []
