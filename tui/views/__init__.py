"""From what the API said to what is painted. Pure: no request, no clock, no widget."""
