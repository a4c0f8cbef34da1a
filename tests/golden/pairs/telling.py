"""How a story of a pair is told: sentence by sentence, each a method of who plays it."""

from __future__ import annotations

from collections.abc import Iterable

from tests.golden.parser import Sentence


async def tell(player: object, sentences: Iterable[Sentence]) -> None:
    """From the first sentence to the last. Raises ``AssertionError`` with the file and line."""
    for sentence in sentences:
        try:
            await getattr(player, sentence.kind)(**sentence.words)
        except AssertionError as wrong:
            raise AssertionError(f"{sentence.place}: {sentence.text}: {wrong}") from None
