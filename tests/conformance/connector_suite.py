"""The conformance suite: what every connector must do, whatever its platform.

A connector's test file subclasses ``ConnectorSuite``, names its package and builds a ``Harness``. A rule
that does not apply is exempt in the package's ``quality.toml`` with its reason, which the test output
shows; an operation that a connection does not declare is not tested. Nothing here knows a platform.

The rules stand by theme: what is declared here, the others in the modules beside.
"""

from __future__ import annotations

from syncd.connectors.quality import quality_of
from syncd.entities import ENTITIES
from syncd.ports import Proof
from tests.conformance.announcing import Announcing
from tests.conformance.doubt import Doubt
from tests.conformance.harness import Harness
from tests.conformance.limits import Limits
from tests.conformance.logins import Logins
from tests.conformance.reading import Reading
from tests.conformance.writing import Writing


class ConnectorSuite(Reading, Limits, Logins, Writing, Doubt, Announcing):
    """Subclass it, set ``package`` and ``entities``, and provide the ``harness`` fixture."""

    async def test_declarations_agree(self, harness: Harness) -> None:
        """What a connection declares is consistent: data that the engine trusts without knowing names."""
        declared = (await harness.connect()).capabilities
        assert set(declared.entities) == set(self.entities)
        assert declared.concurrency >= 1
        assert (declared.settle_s is None) == (declared.settle_provenance == "unknown")
        for name, spec in declared.entities.items():
            assert spec.entity == spec.map.entity == name
            assert name in ENTITIES
            fields = ENTITIES[name].model_fields
            assert {f.name for f in spec.map.fields if not f.name.startswith("custom.")} <= set(fields)
            for operation, how in spec.operations.items():
                assert (how.proof is Proof.NATIVE_KEY) == (how.native_key_life_s > 0), operation
                assert operation != "create" or how.proof is not Proof.CONTENT, "a create is not idempotent"

    async def test_no_more_is_declared_than_is_told(self, harness: Harness) -> None:
        """What ``syncd platforms`` and the README tell of a platform covers what its connections declare."""
        told = quality_of(self.package).parity
        for entity, spec in (await harness.connect()).capabilities.entities.items():
            covered = told.entities.get(entity)
            assert covered is None or {"read", *spec.operations} <= {*covered}, (entity, *spec.operations)
        assert told.verified_by

    def test_rules_are_all_answered(self) -> None:
        """``quality.toml`` answers every rule of this suite, and no other."""
        rules = {name.removeprefix("test_") for name in dir(ConnectorSuite) if name.startswith("test_")}
        assert set(quality_of(self.package).rules) == rules
