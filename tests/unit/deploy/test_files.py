"""Files for deployment: the lock, the audit's verdict, units, the container file."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from ruamel.yaml import YAML

from deploy.audit import LOCK, locked, verdict
from syncd.cli.program import build

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"


def test_every_line_of_the_lock_is_pinned_and_hashed() -> None:
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert "==" in line.split("--hash")[0], line
        assert "--hash=sha256:" in line, line
    assert "://" not in text, "no registry is named"


def test_the_lock_holds_what_the_project_asks_for_at_the_versions_that_are_tested() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pins = {canonicalize_name(name): version for name, version in locked(LOCK.read_text()).items()}
    for requirement in map(Requirement, asked):
        assert Version(pins[canonicalize_name(requirement.name)]) in requirement.specifier, "run: make lock"
    tested = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    )
    for name, version in tested.items():
        assert pins.get(canonicalize_name(name), version) == version, "run: make lock"


def test_a_vulnerable_package_fails_the_audit() -> None:
    flaw = {"id": "PYSEC-2026-1", "fix_versions": ["2.1"]}
    report = {"dependencies": [{"name": "a", "version": "2.0", "vulns": [flaw]}, {"name": "b", "vulns": []}]}
    found = verdict(report, 2)
    assert found.code == 1
    assert "a 2.0: PYSEC-2026-1, mended in 2.1" in found.words


def test_what_could_not_be_audited_is_not_called_audited() -> None:
    skipped = {"dependencies": [{"name": "a", "skip_reason": "not found"}, {"name": "b", "vulns": []}]}
    assert verdict(skipped, 2).words.startswith("NOT AUDITED: 1 of 2")
    assert verdict(None, 2).words.startswith("NOT AUDITED: 0 of 2")
    assert verdict({"dependencies": [{"name": "b", "vulns": []}]}, 1).words.startswith("audited: 1")


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


@needs_systemd
@pytest.mark.parametrize(
    "name", ["syncd.service", "syncd-worker@1.service", "syncd-backup.service", "syncd-backup.timer"]
)
def test_systemd_takes_the_units(tmp_path: Path, name: str) -> None:
    for unit in UNITS.glob("syncd*"):  # only the program is missing on this machine
        text = unit.read_text().replace("/opt/syncd/bin/syncd", sys.executable)
        (tmp_path / unit.name.replace("@", "@1")).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in checked.stderr.splitlines() if "syncd" in line]
    assert (checked.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("name", ["syncd.service", "syncd-worker@.service", "syncd-backup.service"])
def test_little_is_left_open_to_the_service(name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNITS / name)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout.splitlines()[-1]


def test_the_service_gets_its_secrets_as_credentials_only() -> None:
    text = (UNITS / "syncd.service").read_text()
    assert "LoadCredential=master.key:" in text
    assert "Environment" not in text
    assert "Type=notify" in text


def test_daemon_and_worker_are_given_the_same_names() -> None:
    """They read one ``syncd.yaml``; what it names by ``credential:`` must be there for both."""
    texts = {name: (UNITS / name).read_text() for name in ("syncd.service", "syncd-worker@.service")}
    assert all("/run/credentials/" not in text for text in texts.values()), "that is one unit's only"
    given = {n: set(re.findall(r"LoadCredential=([\w.]+):", text)) for n, text in texts.items()}
    assert given["syncd-worker@.service"] - {"postgres.password"} <= given["syncd.service"]
    assert all(re.search(r"^TimeoutStartSec=infinity$", text, re.MULTILINE) for text in texts.values())


def test_hadolint_finds_nothing_in_the_container_file() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run(
        [str(hadolint), str(DEPLOY / "container" / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_container_page_says_that_nobody_ran_it() -> None:
    assert "never built or run" in (DEPLOY / "container" / "README.md").read_text()


def test_compose_says_only_what_compose_understands() -> None:
    """By the schema of the Compose specification, which the checker brings along."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    place = DEPLOY / "container" / "compose.yaml"
    checked = subprocess.run([*command, str(place)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_compose_starts_programs_that_exist() -> None:
    """Its file cannot be run here: what it says to ours is understood, what it names is there."""
    place = DEPLOY / "container" / "compose.yaml"
    services = YAML(typ="safe").load(place)["services"]
    assert set(services) == {"database", "tables", "daemon", "worker"}
    app = build()
    for name in ("tables", "daemon", "worker"):
        service = services[name]
        app.parse_args(service["command"], exit_on_error=False, print_error=False)
        assert (place.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert set(service["depends_on"]) <= set(services)
    assert services["database"]["image"].count(":") == 1, "pinned"
