"""Drift in meaning."""

from collections.abc import Iterator
from monitor.contract import Contract
from monitor.differences import Difference
from monitor.shape import Shape


def differences(contract: Contract, before: Shape, after: Shape) -> Iterator[Difference]:
    return iter(())
