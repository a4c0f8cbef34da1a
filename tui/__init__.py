"""The on-call dashboard. It talks to the control API only, so it runs from anyone's laptop."""
