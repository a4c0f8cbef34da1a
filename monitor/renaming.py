"""Renames: a field that is gone and a new one beside it that says the same."""

from monitor.differences import Difference
from monitor.shape import Shape


def paired(found: list[Difference], before: Shape, after: Shape) -> list[Difference]:
    return found
