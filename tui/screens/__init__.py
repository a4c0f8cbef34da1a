"""One file a screen: what it asks for, which keys it has. What it paints stands in ``tui.views``."""
