"""``python docs``: print the pages that are made from the code (``make docs``)."""

from __future__ import annotations

from pathlib import Path

from syncd.core.truth_page import page

if __name__ == "__main__":
    Path(__file__).with_name("how-it-decides.md").write_text(page(), encoding="utf-8")
