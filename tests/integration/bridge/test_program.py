"""The program as it is started: a process with a ``bridge.yaml``, beside the sandbox's product."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from syncd.core.errors import FixInput
from syncd.secrets.bearer import digest
from tests.integration.bridge.site import TOKEN, eventually, hub_at
from tests.integration.sandbox_sage100_contractor.site import job_invoice, said, site_of

_START = """
import asyncio, sys
from pathlib import Path
from syncd.bridge import program, settings
sys.exit(asyncio.run(program.run(settings.load(Path(sys.argv[1]), {}))))
"""


async def test_an_invoice_goes_into_the_sandbox_and_is_read_back(tmp_path: Path) -> None:
    async with site_of() as site, hub_at() as (hub, url):
        channel = hub.channel("sage")
        file = tmp_path / "bridge.yaml"
        file.write_text(f"""
hub_url: {url}
token: env:BRIDGE_TOKEN
sql_url: {site.ready.details["database_url"]}
object: sandbox
sandbox_url: {site.ready.url}
data_source: {site.ready.details["data_source"]}
company: Demo Mechanical
user: SYNCAPI
password: env:API_PASSWORD
""")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _START,
            str(file),
            env={**os.environ, "BRIDGE_TOKEN": TOKEN, "API_PASSWORD": site.password},
            stdout=asyncio.subprocess.PIPE,
        )
        await eventually(lambda: channel.connected)
        answer = await channel.submit(site.document(job_invoice(site.a_job(), "FS-77")).encode())
        assert [one.code for one in said(answer.decode())] == ["0"]
        (row,) = await channel.query("SELECT invttl FROM acrinv WHERE invnum = :number", {"number": "FS-77"})
        assert float(row["invttl"]) > 0
        process.send_signal(signal.SIGTERM)
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert (tmp_path / "bridge-outbox.sqlite").is_file()
    for secret in (TOKEN, site.password, digest(TOKEN), "FS-77"):
        assert secret not in out.decode()


async def test_com_says_what_it_needs_where_there_is_no_windows() -> None:
    from syncd.bridge.com_object import com_object  # noqa: PLC0415 - what it imports is the subject

    with pytest.raises(FixInput, match="needs Windows and pywin32"):
        com_object("Anything")
