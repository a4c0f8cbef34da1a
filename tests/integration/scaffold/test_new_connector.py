"""``syncd connector new``: what it writes is a whole platform that passes the suite as it stands."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import copyfile
from subprocess import run

import pytest

from syncd.core.errors import FixInput
from syncd.scaffold import new_connector

ROOT = Path(__file__).resolve().parents[3]
_RUN = """
import sys
import pytest
import syncd.connectors, syncd.sandbox, tests.conformance, tests.property.lenses

checkout = sys.argv[1]
for package, below in (
    (syncd.connectors, "syncd/connectors"),
    (syncd.sandbox, "syncd/sandbox"),
    (tests.conformance, "tests/conformance"),
    (tests.property.lenses, "tests/property/lenses"),
):
    package.__path__.append(f"{checkout}/{below}")
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--import-mode=importlib", *sys.argv[2:]]))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as the command looks for."""
    (tmp_path / "syncd" / "connectors").mkdir(parents=True)
    return tmp_path


@pytest.mark.soak
@pytest.mark.timeout(600)  # a whole suite, in a process of its own
def test_a_new_platform_passes_the_suite_at_once(checkout: Path) -> None:
    written = new_connector("field-pro", checkout)
    assert {path.relative_to(checkout).parts[0] for path in written} == {"syncd", "tests"}
    suite = str(checkout / "tests/conformance/test_field_pro.py")
    laws = "tests/property/test_lens_laws.py"
    ran = run(
        [sys.executable, "-c", _RUN, str(checkout), suite, laws, "-k", "field"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert "field-pro" in ran.stdout or " passed" in ran.stdout


def test_it_is_clean(checkout: Path) -> None:
    """What is scaffolded keeps the house's own style."""
    new_connector("field-pro", checkout)
    copyfile(ROOT / "pyproject.toml", checkout / "pyproject.toml")
    (checkout / "tests" / "__init__.py").touch()
    # the rest of the checkout is not there to be recognised by
    ours = 'lint.isort.known-first-party = ["syncd", "tests"]'
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        ran = run(
            [sys.executable, "-m", *command, "--config", ours, "."],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout


def test_nothing_is_overwritten(checkout: Path) -> None:
    new_connector("field-pro", checkout)
    with pytest.raises(FixInput, match="already there"):
        new_connector("field-pro", checkout)


@pytest.mark.parametrize(
    ("name", "why"),
    [("Field Pro", "cannot be"), ("rest", "already"), ("9lives", "cannot be"), ("../x", "cannot be")],
)
def test_names_that_are_none_or_taken_are_refused(checkout: Path, name: str, why: str) -> None:
    with pytest.raises(FixInput, match=why):
        new_connector(name, checkout)
    assert list(checkout.rglob("*.py")) == []


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FixInput, match="no checkout"):
        new_connector("field-pro", tmp_path)
