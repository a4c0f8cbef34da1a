"""``syncd check``: everything that can be known without writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syncd.app import beacon
from syncd.app.installation import Installation, installation, master_key, secrets
from syncd.app.listening import bridges
from syncd.app.state import state_opened, state_path
from syncd.config.load import Site
from syncd.config.problems import BrokenFiles
from syncd.core.errors import FixInput, StateUnavailable, SyncdError
from syncd.core.sentences import sentences
from syncd.engine.coverage import uncovered
from syncd.ports import Finding
from syncd.store import migrate
from syncd.store.revisions import HEAD, fits


async def findings(site: Site, *, live: bool) -> Sequence[Finding]:
    """Files (they were loaded), secrets, state, crosswalks, and with ``live`` the platforms themselves."""
    found = [Finding("ok", str(site.path), f"{len(site.links)} links, {len(site.connections)} connections")]
    found += _check_secrets(site)
    found += _check_state(site)
    found = list({one.message: one for one in found}.values())  # the master key is a secret, too
    if any(finding.level == "error" for finding in found):
        return found
    if beacon.find(state_path(site)) is not None:
        note = (
            "one owns the state: `syncd status` shows how its platforms stand, `syncd connection test NAME` "
        )
        note += "logs in now"
        return [*found, Finding("ok", "daemon", note)]
    try:
        async with installation(site) as opened, bridges(opened):
            found += _policies(opened)
            found += await _check_crosswalks(opened)
            if live:
                found += await _check_platforms(opened)
    except SyncdError as error:
        found.append(Finding("error", "site", error.message, error.remedy))
    return found


def _check_secrets(site: Site) -> list[Finding]:
    """Everything that is named by reference and cannot be had."""
    try:
        secrets(site)
    except BrokenFiles as several:
        return [Finding("error", "secrets", one.message, one.remedy) for one in several.problems]
    except FixInput as error:
        return [Finding("error", "secrets", error.message, error.remedy)]
    return []


def _check_state(site: Site) -> list[Finding]:
    findings = []
    try:
        master_key(site)
        findings.append(Finding("ok", "master_key", "it can be read, and only by its owner"))
    except FixInput as error:
        findings.append(Finding("error", "master_key", error.message, error.remedy))
    try:
        with state_opened(site) as engine:
            found = migrate.current(engine)
    except StateUnavailable as error:
        return [*findings, Finding("error", "state", error.message, error.remedy)]
    if found is None:
        findings.append(Finding("ok", "state", "empty; it is set up by the first command that needs it"))
    elif not fits(found):
        remedy = "install a newer syncd" if found > HEAD else "syncd db upgrade"
        words = f"at revision {found}, this version needs {HEAD}"
        findings.append(Finding("error", "state", words, remedy))
    else:
        findings.append(Finding("ok", "state", f"at revision {found}"))
    return findings


def _policies(opened: Installation) -> list[Finding]:
    """What each flow does, in sentences: for a person to say whether it is what was meant."""
    return [
        Finding(
            "ok",
            f"{name}: {flow.entity}",
            " ".join(sentences(flow.policy, {side: end.connection for side, end in flow.ends.items()})),
        )
        for name, engine in opened.links.items()
        for flow in engine.setup.flows
    ]


async def _check_platforms(opened: Installation) -> list[Finding]:
    findings: list[Finding] = []
    try:
        await opened.wait_for_bridges()
    except SyncdError as error:
        findings.append(Finding("error", "bridge", error.message, error.remedy))
    for name, connector in opened.connectors.items():
        try:
            findings += [replace(one, subject=f"{name}: {one.subject}") for one in await connector.probe()]
        except SyncdError as error:
            findings.append(Finding("error", name, error.message, error.remedy))
        capabilities = connector.capabilities
        if capabilities.settle_s is None:
            findings.append(
                Finding(
                    "warning",
                    name,
                    "no settle time: a write whose answer is lost will be held for a person",
                    f"connections.{name}.settle: {{seconds: ..., provenance: measured}}",
                )
            )
    return findings


async def _check_crosswalks(opened: Installation) -> list[Finding]:
    """Codes that were found in the data and that no crosswalk covers."""
    findings = []
    for name, engine in opened.links.items():
        for flow in engine.setup.flows:
            for side, end in flow.ends.items():
                bodies = await opened.store.bodies(end.connection, flow.entity)
                for (table, code), count in uncovered(flow, side, bodies).most_common(20):
                    file = opened.site.links[name].config.crosswalks
                    findings.append(
                        Finding(
                            "warning",
                            f"{name}: crosswalk {table}",
                            f"{code!r} on the {side.value} is not covered; {count} {flow.entity} use it",
                            f"add it to {file}, or give {table} a default",
                        )
                    )
    return findings
