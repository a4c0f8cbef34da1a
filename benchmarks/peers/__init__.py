"""Other programs over the same records, for scale: optional, each skipped with a line where it is not there.

They only read (Airbyte, Singer) or compare files by their times (vdirsyncer): none looks up the state of each
record or posts to a ledger. Their dependencies exclude one another's, so the interpreter that has them may be
another one (``--peers-python``).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from time import perf_counter

from benchmarks.report import Line, skipped

_MODULES = {"airbyte-cdk": "airbyte_cdk", "singer-sdk": "singer_sdk", "vdirsyncer": "vdirsyncer"}
_READERS = {"airbyte-cdk": "airbyte_source.py", "singer-sdk": "singer_tap.py"}


def peers(folder: Path, base_url: str, records: int, python: str) -> list[Line]:
    """Records a second, start of the program included."""
    lines = []
    for name, module in _MODULES.items():
        found = subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False)
        if found.returncode:
            lines.append(skipped("peer", f"{name}: not installed here (pip install 'syncd[peers]')"))
        elif name in _READERS:
            command = [python, str(Path(__file__).with_name(_READERS[name])), base_url, str(folder)]
            lines.append(_line(f"{name} reads {records:,} records", records, _seconds(command)))
        else:
            lines.append(_unchanged_files(folder / "vdir", records, python))
    return lines


def _unchanged_files(folder: Path, records: int, python: str) -> Line:
    """vdirsyncer over two folders of small contacts, the second time."""
    left = folder / "left" / "book"
    left.mkdir(parents=True)
    (folder / "right" / "book").mkdir(parents=True)
    for number in range(records):
        card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{number}\r\nFN:Customer {number}\r\nEND:VCARD\r\n"
        (left / f"{number}.vcf").write_text(card)
    storages = "".join(
        f'[storage {side}]\ntype = "filesystem"\npath = "{folder}/{side}/"\nfileext = ".vcf"\n'
        for side in ("left", "right")
    )
    config = folder / "config"
    config.write_text(
        f'[general]\nstatus_path = "{folder}/status/"\n'
        '[pair books]\na = "left"\nb = "right"\ncollections = ["from a"]\n' + storages
    )
    program = [python, "-c", "from vdirsyncer.cli import app; app()", "-c", str(config)]
    subprocess.run([*program, "discover"], check=True, capture_output=True)
    subprocess.run([*program, "sync"], check=True, capture_output=True)
    return _line(f"vdirsyncer, {records:,} unchanged files", records, _seconds([*program, "sync"]))


def _seconds(command: list[str]) -> float:
    started = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return perf_counter() - started


def _line(what: str, records: int, seconds: float) -> Line:
    return Line("peer", what, "", f"{records / seconds:,.0f} /s", "", "", "", None)
