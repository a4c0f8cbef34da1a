"""``python -m benchmarks.senders``: platforms that send webhooks at a steady rate, whatever comes back.

Open loop: each delivery has its moment, and its time counts from that moment, also if we were late to
send it. Otherwise a server that stalls would hide its own stall.
"""

from __future__ import annotations

import asyncio
import hmac
import sys
from base64 import b64encode
from dataclasses import dataclass, field

import aiohttp
import orjson

KEY = "a-verifier-token"
HEADER = "x-signature"
GIVE_UP_S = 5.0


def body(number: int) -> bytes:
    """Delivery ``number``: one event of one record, about as large as platforms send them."""
    event = {"entity": {"type": "invoice", "id": number}, "action": "updated", "at": 1_762_000_000 + number}
    return orjson.dumps({"messageId": number, "data": [event], "account": {"id": 41, "name": "Orchard" * 20}})


def signature(data: bytes) -> str:
    return b64encode(hmac.new(KEY.encode(), data, "sha256").digest()).decode()


@dataclass
class Sent:
    """What came of the deliveries."""

    milliseconds: list[float] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    refused: int = 0


async def send(urls: list[str], per_s: int, seconds: int) -> Sent:
    """``per_s`` deliveries a second for so long, spread over ``urls``."""
    sent, loop = Sent(), asyncio.get_running_loop()
    timeout = aiohttp.ClientTimeout(total=GIVE_UP_S)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=200)) as http:
        begin = loop.time() + 0.5

        async def one(number: int) -> None:
            due = begin + number / per_s
            await asyncio.sleep(due - loop.time())
            data = body(number)
            try:
                async with http.post(
                    urls[number % len(urls)], data=data, headers={HEADER: signature(data)}
                ) as answer:
                    await answer.read()
                    good = answer.status == 200
            except (aiohttp.ClientError, TimeoutError):
                good = False
            if good:
                sent.accepted.append(number)
                sent.milliseconds.append(1000 * (loop.time() - due))
            else:
                sent.refused += 1

        async with asyncio.TaskGroup() as group:
            for number in range(per_s * seconds):
                group.create_task(one(number))
    return sent


def main() -> None:
    """Reads what to do as JSON from stdin, writes what came of it to stdout."""
    asked = orjson.loads(sys.stdin.buffer.read())
    sent = asyncio.run(send(asked["urls"], asked["per_s"], asked["seconds"]))
    sys.stdout.buffer.write(orjson.dumps(sent))


if __name__ == "__main__":
    main()
