"""The on-call dashboard (Textual); it speaks to the control API only."""
