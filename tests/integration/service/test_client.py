"""One protocol, two ways: the same calls in the process and through the API give equal views and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from syncd.api.client import ApiClient
from syncd.api.errors import KINDS, exception, problem
from syncd.api.models import Progress
from syncd.api.operator import Operator
from syncd.core import errors
from syncd.core.errors import DaemonUnreachable, FixInput, Place, SyncdError, UnreadableAnswer
from syncd.secrets.reference import Secret
from tests.integration.service.daemon import OPERATE, READ, Daemon, MadeUpOperator, daemon


@pytest.fixture
async def there() -> AsyncIterator[Daemon]:
    async with daemon() as running:
        yield running


async def _lines(operator: Operator) -> list[Any]:
    return [line async for line in operator.sync("orchard", "invoice", actor="ann")]


CALLS: dict[str, Callable[[Operator], Awaitable[Any]]] = {
    "status": lambda o: o.status(),
    "status of a link": lambda o: o.status("orchard"),
    "plan": lambda o: o.plan("orchard"),
    "plan of a flow": lambda o: o.plan("orchard", "invoice", limit=5),
    "sync": _lines,
    "send": lambda o: o.send("orchard", "invoice", "S-1 & «Ä»/?", actor="ann"),
    "explain": lambda o: o.explain("invoice", "S-1 & «Ä»/?"),
    "explain in a link": lambda o: o.explain("invoice", "S-1", "orchard"),
    "matches": lambda o: o.matches(),
    "matches of a flow": lambda o: o.matches("orchard", "customer", 7),
    "accept": lambda o: o.match_accept([(17, "41"), (18, "Ä 1")], actor="ann"),
    "reject": lambda o: o.match_reject([(17, "")], actor="ann"),
    "held": lambda o: o.held("orchard"),
    "held one": lambda o: o.held_show(5),
    "it is this one": lambda o: o.held_settle(5, "41", actor="ann"),
    "send again": lambda o: o.held_settle(5, None, actor="ann"),
    "quarantine": lambda o: o.quarantine(),
    "quarantine of a link": lambda o: o.quarantine("orchard"),
    "retry": lambda o: o.quarantine_retry([7, 8], actor="ann"),
    "hold": lambda o: o.hold("link:orchard", "year end", actor="ann"),
    "release": lambda o: o.release([4], actor="ann"),
    "skip": lambda o: o.quarantine_skip([7], "written off", actor="ann"),
}

ERRORS: list[SyncdError] = [
    FixInput("the flow is not configured", place=Place("syncd.yaml", 4, "links"), remedy="see `syncd check`"),
    FixInput("no place"),
    errors.NothingMatched("no link is called orchrd", remedy="did you mean orchard?"),
    errors.NeedsConfirmation("12 deletes"),
    errors.StateUnavailable("the state cannot be used: disk full"),
    errors.StateLocked("in use"),
    errors.Fenced("our lease is gone"),
    errors.RenewCredentials("log in again", remedy="syncd login"),
    errors.RetryLater("busy", after_s=2.5),
    errors.RetryLater("busy, no idea how long"),
    errors.UnreadableAnswer("HTML"),
    errors.ForbiddenDestination("redirected"),
    errors.DaemonUnreachable("further on"),
    errors.RefuseRecord("period is closed", code="validation", field="date", remedy="open it"),
    errors.AwaitReference("waits", side="left", entity="customer", key="41"),
    SyncdError("something else"),
]


@pytest.mark.parametrize("name", CALLS)
async def test_the_same_call_gives_the_same_view(there: Daemon, name: str) -> None:
    direct = MadeUpOperator()
    expected = await CALLS[name](direct)
    async with there.client() as client:
        assert await CALLS[name](client) == expected
    through = [tuple("ann" if a == "ann via ops" else a for a in asked) for asked in there.operator.asked]
    assert through == direct.asked


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: f"{type(e).__name__}: {e.message}")
@pytest.mark.parametrize("name", ["status", "send", "sync"])
async def test_the_same_error_is_raised(there: Daemon, name: str, error: SyncdError) -> None:
    there.operator.error = error
    async with there.client() as client:
        with pytest.raises(SyncdError) as raised:
            await CALLS[name](client)
    assert type(raised.value) is type(error)
    assert vars(raised.value) == vars(error)


async def test_an_error_in_the_middle_of_a_run_comes_after_its_progress(there: Daemon) -> None:
    there.operator.error, there.operator.error_after = errors.RetryLater("busy", after_s=1.0), 2
    seen: list[Any] = []
    async with there.client() as client:
        with pytest.raises(errors.RetryLater, match="busy"):
            await _drain(client.sync("orchard"), seen)
    assert [line.done for line in seen if isinstance(line, Progress)] == [1, 2]


def test_every_error_has_its_place_in_the_table() -> None:
    def below(base: type[SyncdError]) -> set[type[SyncdError]]:
        return {base}.union(*map(below, base.__subclasses__()))

    assert {kind.raises for kind in KINDS.values()} == {
        e for e in below(SyncdError) if e.__module__ == errors.__name__
    }
    assert {type(error) for error in ERRORS} == {kind.raises for kind in KINDS.values()}
    for error in ERRORS:
        _, found = problem(error, "id")
        assert vars(exception(found)) == vars(error)


@pytest.mark.parametrize("name", ["status", "sync"])
async def test_an_unforeseen_failure_shows_an_id_and_nothing_else(
    there: Daemon, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there.operator.error = ZeroDivisionError("canary-value")
    async with there.client() as client:
        with pytest.raises(SyncdError, match="failed unexpectedly") as raised:
            await CALLS[name](client)
    ident = raised.value.remedy.split()[2]
    assert "canary" not in raised.value.message + raised.value.remedy
    assert ident in capsys.readouterr().out


async def test_a_client_that_leaves_ends_the_run(there: Daemon) -> None:
    there.operator.endless = True
    async with there.client() as client:
        async for _line in client.sync("orchard"):
            break
    async with asyncio.timeout(5):
        await there.operator.closed.wait()


async def test_nobody_there_is_its_own_error() -> None:
    async with daemon() as gone:
        pass
    async with gone.client() as client:
        for call in CALLS.values():
            with pytest.raises(DaemonUnreachable, match="does not answer"):
                await call(client)


async def test_a_daemon_that_stops_in_the_middle_of_a_run() -> None:
    stopping = daemon()
    there = await stopping.__aenter__()
    there.operator.endless = True
    async with there.client() as client:
        run = client.sync("orchard")
        await anext(run)
        rest = asyncio.create_task(_drain(run))
        await stopping.__aexit__(None, None, None)
        with pytest.raises(DaemonUnreachable):
            await rest
    assert there.operator.closed.is_set()


async def _drain(run: AsyncIterator[Any], into: list[Any] | None = None) -> None:
    async for line in run:
        if into is not None:
            into.append(line)


async def test_the_token_decides_what_may_be_done(there: Daemon) -> None:
    async with there.client(READ) as client:
        await client.status()
        with pytest.raises(FixInput, match="scope 'operate'"):
            await client.send("orchard", "invoice", "S-1")
    async with there.client("wrong") as client:
        with pytest.raises(FixInput, match="token is not known"):
            await client.status()
    assert [asked[0] for asked in there.operator.asked] == ["status"]


async def test_something_else_on_that_port_is_not_mistaken_for_a_daemon() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        status = statuses.pop()
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>".encode())
        writer.close()

    statuses = ["404 Not Found", "200 OK", "302 Found\r\nLocation: http://127.0.0.1:1/"]
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with ApiClient(f"http://127.0.0.1:{port}", Secret(OPERATE)) as client:
        for _ in range(3):
            with pytest.raises(UnreadableAnswer):
                await client.status()
    server.close()


async def test_a_client_that_was_not_opened_says_so(there: Daemon) -> None:
    with pytest.raises(DaemonUnreachable, match="not open"):
        await there.client().status()
