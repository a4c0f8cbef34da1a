"""What is shown: one file a screen. A screen with a number of its own names its ``MODE`` and stands in
``tui.screens.numbered``."""
