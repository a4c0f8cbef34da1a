"""The daemon's HTTP side: webhooks in, control API, health, metrics, and the door for bridges."""
