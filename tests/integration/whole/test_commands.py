"""The commands as a person types them: real processes, beside nothing and beside a running daemon."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.integration.whole.house import LINK, House, at_home, until

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A site made by ``syncd init`` and set by hand; its first sync is done."""
    with at_home(tmp_path_factory.mktemp("whole") / LINK) as made:
        ran = made.syncd("sync", LINK, "-o", "json")
        assert ran.code == 0, ran.err
        yield made


@pytest.fixture(scope="module")
def daemon(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """``syncd run`` beside the commands. Its schedule hardly ever comes round: what is quick is woken."""
    with house.daemon() as process:
        yield process


# -- without a daemon -----------------------------------------------------------------------------


def test_check_finds_nothing_wrong_offline_and_live(house: House) -> None:
    offline, live = house.syncd("check", "-o", "json"), house.syncd("check", "--live", "-o", "json")
    assert (offline.code, live.code) == (0, 0), live.out
    assert len(live.data) > len(offline.data)
    assert all(finding["level"] != "error" for finding in live.data)


def test_plan_shows_what_would_be_written_and_persists_nothing(house: House) -> None:
    number = house.approve(house.pick())
    before, writes = house.dump(), house.writes()
    first, second = (house.syncd("plan", LINK, "-o", "json") for _ in range(2))
    assert (first.code, second.code) == (0, 0), first.err
    (plan,) = first.data
    (item,) = [item for item in plan["items"] if item["verb"] == "create"]
    assert (item["flow"], item["side"], item["label"]) == ("invoice", "right", number)
    assert first.data == second.data, "the first has left nothing behind"
    assert house.dump() == before
    assert house.writes() == writes
    assert number in house.syncd("plan", LINK).out


def test_sync_says_what_it_did_and_a_second_one_has_nothing_to_do(house: House) -> None:
    number = house.approve(house.pick())
    ran = house.syncd("sync", LINK, "--verbose")
    assert ran.code == 0, ran.err
    assert "invoice" in ran.out
    assert "acme/invoice: reading left" in ran.err, "progress, as lines where nobody sees bars"
    assert "acme/invoice: writing" in ran.err
    assert house.done(number)
    before = house.writes()
    report = house.syncd("sync", LINK, "-o", "json").data[0]
    assert house.writes() == before
    assert all(flow["created"] == flow["updated"] == flow["actions"] == 0 for flow in report["flows"])


def test_send_posts_one_that_is_not_approved_because_a_person_says_so(house: House) -> None:
    number = house.pick()
    assert house.shown(number)["status"] == "ok"
    ran = house.syncd("send", LINK, "invoice", number, "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.data["state"] == "posted"
    (document,) = house.documents(number)
    assert ran.data["right_key"] == str(document["recnum"])
    assert house.shown(number)["status"] == "processed"
    again = house.syncd("send", LINK, "invoice", number, "-o", "json")
    assert again.code == 0
    assert len(house.documents(number)) == 1, "an order given twice posts once"


def test_send_brings_along_the_job_and_the_customer_that_the_ledger_lacks(house: House) -> None:
    number = house.enter_work("Brand New Bakery")
    ran = house.syncd("send", LINK, "invoice", number, "-o", "json")
    assert ran.code == 0, ran.out + ran.err
    (document,) = house.documents(number)
    (client,) = house.in_books("clients", clnnme="Brand New Bakery".replace(" ", "%20"))
    (job,) = house.in_books("jobs", recnum=str(document["jobnum"]))
    assert job["clnnum"] == client["recnum"]
    assert document["invttl"] == "21.00"


def test_send_of_something_unknown_matches_nothing(house: House) -> None:
    assert house.syncd("send", LINK, "invoice", "S-99999999").code == 4
    assert house.syncd("send", LINK, "unicorn", "S-1").code == 4
    assert house.syncd("send", "nobody", "invoice", "S-1").code == 4


def test_explain_tells_the_same_life_by_number_and_by_either_key(house: House) -> None:
    number = house.pick()
    assert house.syncd("send", LINK, "invoice", number).code == 0
    (life,) = house.syncd("explain", "invoice", number, "-o", "json").data
    kinds = [event["kind"] for event in life["events"]]
    assert kinds.index("seen") < kinds.index("planned") < kinds.index("sent") < kinds.index("posted")
    assert any(event["actor"].startswith("cli:") for event in life["events"]), "who gave the order"
    for key in (life["left_key"], life["right_key"]):
        (same,) = house.syncd("explain", "invoice", key, "-o", "json").data
        assert same["label"] == number
        assert same["events"] == life["events"]
    assert house.syncd("explain", "invoice", "S-99999999").code == 4


def test_quarantine_from_the_refusal_to_the_retry_and_the_skip(house: House) -> None:
    first, second = house.pick(), house.pick()
    days = {number: document_date(house, number) for number in (first, second)}
    for day in days.values():
        house.act_in_books("close_period", year=day.year, month=day.month)
    for number in (first, second):
        house.approve(number)
    assert house.syncd("sync", LINK).code == 3, "partly: two records need a person"
    assert house.syncd("status", LINK).code == 3
    listed = house.syncd("quarantine", "list", LINK, "-o", "json").data
    assert {item["label"] for item in listed} == {first, second}
    one = next(item for item in listed if item["label"] == first)
    shown = house.syncd("quarantine", "show", str(one["id"]), "-o", "json")
    assert shown.data["reason"].startswith("Posting period ")
    other = next(item for item in listed if item["label"] == second)
    skip = ("quarantine", "skip", str(other["id"]), "--reason", "entered by hand")
    assert house.syncd(*skip, "--no-input").code == 5, "only if a person agrees"
    assert house.syncd(*skip, "--yes").code == 0
    for day in days.values():
        house.act_in_books("open_period", year=day.year, month=day.month)
    assert house.syncd("quarantine", "retry", str(one["id"])).code == 0
    assert house.syncd("sync", LINK).code == 0
    assert house.done(first)
    assert house.documents(second) == [], "left alone"
    assert house.syncd("quarantine", "list", "--fail-if-empty").code == 4
    assert house.syncd("status", LINK).code == 0


def document_date(house: House, number: str) -> date:
    """The day of an invoice, as the sandbox's office reads it (UTC)."""
    return datetime.fromtimestamp(house.shown(number)["transactionDate"], UTC).date()


def test_the_database_is_at_its_newest_revision(house: House) -> None:
    ran = house.syncd("db", "current", "-o", "json")
    assert ran.code == 0
    assert ran.data["up_to_date"] is True
    assert house.syncd("db", "upgrade").code == 0
    assert house.syncd("db", "current").code == 0


def test_every_command_speaks_json(house: House) -> None:
    """Those that no other test asks for it."""
    for command in ("platforms", "sandbox list", "quarantine list", "status"):
        ran = house.syncd(*command.split(), "-o", "json")
        assert ran.code == 0, ran.err
        assert isinstance(ran.data, list | dict)


# -- beside a daemon ------------------------------------------------------------------------------


def test_beside_a_daemon_the_state_is_locked_and_commands_go_through_it(
    house: House, daemon: subprocess.Popen[bytes]
) -> None:
    status = house.syncd("status", "-o", "json")
    assert status.code == 0
    assert status.data["daemon"] is True
    second = house.syncd("run")
    assert second.code == 1
    assert "owns" in second.err
    assert daemon.poll() is None


def test_beside_a_daemon_sync_send_and_explain_work(house: House, daemon: subprocess.Popen[bytes]) -> None:
    number = house.pick()
    sent = house.syncd("send", LINK, "invoice", number, "-o", "json")
    assert sent.code == 0, sent.err
    assert sent.data["state"] == "posted"
    assert len(house.documents(number)) == 1
    synced = house.syncd("sync", LINK, "-o", "json")
    assert synced.code == 0, synced.err
    assert synced.data[0]["link"] == LINK
    (life,) = house.syncd("explain", "invoice", number, "-o", "json").data
    assert life["state"] == "in_step"
    assert house.syncd("explain", "invoice", "S-99999999").code == 4, "errors travel as they are"
    plan = house.syncd("plan", LINK, "-o", "json")
    assert plan.code == 0
    assert not [item for item in plan.data[0]["items"] if item["verb"] == "create"]


def test_a_webhook_wakes_the_link_and_the_invoice_is_posted_at_once(
    house: House, daemon: subprocess.Popen[bytes]
) -> None:
    until(lambda: house.in_field("webhooks")["hooks"], "webhooks are subscribed")
    numbers = [house.approve(house.pick()) for _ in range(2)]
    until(lambda: all(house.done(n) for n in numbers), "posted by webhook, long before the schedule")
    assert [len(house.documents(n)) for n in numbers] == [1, 1]


def test_a_record_refused_beside_a_daemon_is_retried_through_it(
    house: House, daemon: subprocess.Popen[bytes]
) -> None:
    house.order_in_books({"kind": "closed_period", "operation": "ARInvoiceAddRq"})
    number = house.approve(house.pick())
    until(lambda: house.syncd("quarantine", "list", "-o", "json").data, "it is in quarantine")
    (item,) = house.syncd("quarantine", "list", "-o", "json").data
    assert item["reason"] == "The posting period is closed."
    assert house.syncd("quarantine", "retry", str(item["id"])).code == 0
    assert house.syncd("sync", LINK).code == 0
    until(lambda: house.done(number), "it is posted")
    assert len(house.documents(number)) == 1


def test_sigterm_ends_the_daemon_well_and_gives_the_state_back(
    house: House, daemon: subprocess.Popen[bytes]
) -> None:
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == 0
    status = house.syncd("status", "-o", "json")
    assert status.code == 0
    assert status.data["daemon"] is False
    log = (Path(house.folder) / "run.log").read_text()
    assert "Traceback" not in log
