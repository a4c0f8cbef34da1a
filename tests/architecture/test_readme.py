"""What the README tells of platforms is what their quality files say, and nothing else."""

from __future__ import annotations

from pathlib import Path

from syncd.connectors.quality import parity, table

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- platforms:", "<!-- /platforms -->"


def test_the_parity_table_is_the_quality_files_own() -> None:
    """Mend it with ``syncd platforms --markdown``."""
    told = README.read_text().split(BEGIN)[1].split("-->\n", 1)[1].split(END)[0]
    assert told.strip() == table(parity()).strip()


def test_every_platform_says_how_it_was_verified_and_what_is_not_possible() -> None:
    for name, one in parity().items():
        assert one.verified_by, name
        assert one.modes, name
        assert one.limits, name
