"""``python -m tests.integration.cli ...``: the real command with the fake composition behind it."""

from __future__ import annotations

from syncd.cli import main, session
from tests.integration.cli.composition import FakeComposition

session.composition = FakeComposition
main()
