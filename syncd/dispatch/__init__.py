"""When a link runs, and who runs it."""
