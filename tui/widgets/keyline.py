"""The keys that work here, in one line at the foot of a screen."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import ActiveBinding
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget


class KeyLine(Widget):
    """Painted in one go from the bindings that are active; a click presses the key. What the token does not
    allow stands in parentheses."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keyline--key"}

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[ActiveBinding] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        shown = [active for active in screen.active_bindings.values() if active.binding.show]
        # of several keys that do the same, the first
        offered = list({active.binding.action: active for active in reversed(shown)}.values())[::-1]
        offered.sort(key=lambda active: active.binding.id != "app.help")  # where there is no room for all
        if offered != self._offered:
            self._offered = offered
            self.refresh()

    def _said(self) -> list[tuple[str, str]]:
        """Each key and what it does, with the spaces around."""
        return [
            (f" {self.app.get_key_display(one.binding)}", f" {one.binding.description} ")
            if one.enabled
            else ("", f" ({self.app.get_key_display(one.binding)} {one.binding.description}) ")
            for one in self._offered
        ]

    def render(self) -> Text:
        said = Text(no_wrap=True, overflow="ellipsis")
        key = self.get_component_rich_style("keyline--key", partial=True)
        for one, (pressed, does) in zip(self._offered, self._said(), strict=True):
            said.append(pressed, style=key).append(does, style="" if one.enabled else "dim")
        return said

    def on_click(self, event: Click) -> None:
        end = 0
        for one, (pressed, does) in zip(self._offered, self._said(), strict=True):
            end += len(pressed) + len(does)
            if event.x < end:
                self.app.simulate_key(one.binding.key)
                return
