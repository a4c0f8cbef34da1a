"""What the commands do, one file per topic. ``syncd.cli.program`` says which exist."""
