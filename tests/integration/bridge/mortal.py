"""A bridge in a process of its own, whose product can kill the process while it has a document."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from syncd.bridge import program
from syncd.bridge.settings import BridgeOptions
from syncd.secrets.reference import SecretRef
from tests.integration.bridge.site import Product


class Mortal(Product):
    def __init__(self, executed: Path, dies: bool) -> None:
        super().__init__()
        self._file = executed
        self._dies = dies

    def IsValidUser(self, company: str, user: str, password: str) -> int:  # noqa: N802
        return 0

    def submitXML(self, xml: str, password: str) -> str:  # noqa: N802
        with self._file.open("a") as file:
            file.write(f"{xml}\n")
        if self._dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return "<done/>"


def main() -> int:
    url, outbox, executed, what = sys.argv[1:]
    options = BridgeOptions(
        hub_url=url,
        token=SecretRef("env:BRIDGE_TOKEN"),
        outbox=Path(outbox),
        object="sandbox",
        sandbox_url="none: the product is in this file",
        company="Orchard Mechanical",
        user="api",
        password=SecretRef("env:BRIDGE_TOKEN"),
    )
    product = Mortal(Path(executed), what == "kill")
    return asyncio.run(program.run(options, lambda _: lambda: product))


if __name__ == "__main__":
    sys.exit(main())
