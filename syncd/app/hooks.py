"""Which connections are sent webhooks, where to, and what proves them."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.app.installation import Installation
from syncd.http.signatures import PathOnly
from syncd.ports import WebhookReceiver
from syncd.ports.webhooks import SignsWebhooks
from syncd.secrets.bearer import digest, new_token
from syncd.service.subscriptions import Subscriptions
from syncd.service.webhooks import Heard, Hook

_PATH_TOKEN = "webhook-path"  # noqa: S105 - the name under which it is kept


class Hooks:
    """The webhooks of an open installation. ``url`` is set once it is known where the daemon listens."""

    def __init__(self, opened: Installation, paths: Mapping[str, str], heard: Heard) -> None:
        receivers = receiving(opened)
        self.url = ""
        self._public = opened.site.config.service.public_url
        self._paths = paths
        self.hooks = {
            name: Hook(
                receiver,
                digest(paths[name]),
                receiver.webhook_verifier if isinstance(receiver, SignsWebhooks) else PathOnly(),
            )
            for name, receiver in receivers.items()
        }
        self.subscriptions = Subscriptions(receivers, self.address, opened.clock, heard)
        opened.listening.changed = self.subscriptions.changed

    def address(self, connection: str) -> str:
        """Where its platform sends to."""
        return f"{self._public or self.url}/webhooks/{connection}/{self._paths[connection]}"


def receiving(opened: Installation) -> dict[str, WebhookReceiver]:
    """Connections whose platform can announce changes, and a link of which asks for it."""
    wanted = {
        end.name
        for link in opened.site.links.values()
        if link.config.webhooks
        for end in (link.left, link.right)
    }
    return {
        name: breaking.connector
        for name, breaking in opened.connectors.items()
        if name in wanted and isinstance(breaking.connector, WebhookReceiver)
    }


async def hooks(opened: Installation, heard: Heard) -> Hooks:
    """``heard`` is told of every delivery. The unguessable last part of each address is the same after a
    restart."""
    paths = {}
    for name in receiving(opened):
        kept = await opened.store.load(name, _PATH_TOKEN)
        if kept is None:
            kept = new_token("hook").encode()
            await opened.store.save(name, _PATH_TOKEN, kept)
        paths[name] = kept.decode()
    return Hooks(opened, paths, heard)
