"""The command line from outside: exit codes, what is said where, and what hostile records cannot do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run, environment, started

COMMANDS = [
    "init", "check", "platforms", "plan", "sync", "send", "run", "bridge", "status", "explain", "demo",
    "match list", "match show", "match accept", "match reject", "match create",
    "held list", "held show", "held settle", "stop-writes",
    "quarantine list", "quarantine show", "quarantine retry", "quarantine skip", "db upgrade", "db current",
    "sandbox serve", "sandbox list", "config schema", "conflicts list", "conflicts show", "conflicts resolve",
    "reconcile",
]  # fmt: skip


def test_help_lists_every_command_and_the_exit_codes(start: Run) -> None:
    ran = start("--help")
    assert ran.returncode == 0
    assert ran.stderr == ""
    for command in COMMANDS:
        assert re.search(rf"│ {command.split()[0]} ", ran.stdout), command
    assert "130 interrupted" in ran.stdout
    assert start("--version").stdout == "0.1.0\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_teaches_with_an_example(run: Run, command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.returncode == 0
    example = ran.stdout.partition("For example:")[2]
    assert f"syncd {command}" in example
    assert "--config" in example


def test_help_of_the_whole_program_imports_nothing_heavy() -> None:
    code = """
import sys
from syncd.cli.program import run
run(["--help"])
print(sorted({"pydantic", "aiohttp", "sqlalchemy", "ruamel.yaml", "cryptography"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("paln", "acme"), 2, 'Did you mean "plan"?'),
        (("plan", "acme", "--flwo", "invoice"), 2, "Did you mean --flow?"),
        (("quarantine", "lst"), 2, 'Did you mean "list"?'),
        (("send", "acme", "invoice"), 2, "NUMBER"),
        (("plan", "--limit", "many"), 2, "--limit"),
        (("plan", "-o", "xml"), 2, "xml"),
        (("plan", "umbrella"), 4, "no link is called umbrella"),
        (("explain", "invoice", "nobody"), 4, "no invoice nobody is known"),
        (("quarantine", "show", "4"), 4, "nothing with the number 4"),
        (("match", "accept"), 2, "name one record by its number"),
        (("match", "accept", "17", "--all-matching"), 2, "name one record by its number"),
        (("match", "reject", "--all-matching"), 5, "add --yes"),
        (("match", "show", "4"), 4, "no record with the number 4"),
        (("held", "settle", "5"), 2, "either --is KEY or --send-again"),
        (("held", "settle", "5", "--is", "1", "--send-again"), 2, "either --is KEY or --send-again"),
        (("held", "settle", "5", "--send-again"), 5, "add --yes"),
        (("quarantine", "retry"), 2, "name the records by number"),
        (("quarantine", "retry", "0"), 4, "none of these is in quarantine"),
        (("hold", "link:acme", "--reason", " "), 2, "say why"),
        (("release",), 2, "name the holds by number"),
        (("plan", "--limit", "-1"), 2, "--limit"),
        (("token", "create", "dana", "--scope", "read", "--days", "0"), 2, "--days"),
        (("sandbox", "serve", "servicetrade", "--port", "99999"), 2, "--port"),
        (("quarantine", "retry", "17", "--all-matching"), 2, "name the records by number"),
        (("quarantine", "skip", "17", "--reason", "by hand"), 5, "add --yes"),
        (("config", "schema", "nonesuch"), 2, "site, crosswalks or profile:PLATFORM"),
        (("sandbox", "serve", "nonesuch"), 2, "no sandbox plays"),
        (("sandbox", "serve", "servicetrade", "--option", "x"), 2, "NAME=VALUE expected"),
        (("bridge", "nowhere.yaml"), 2, "nowhere.yaml: cannot be read"),
    ],
)
def test_bad_input_ends_in_a_sentence_and_a_code(
    run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = run(*arguments)
    assert ran.returncode == code, ran.stderr
    assert said in ran.stderr
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("mode", "code", "said"),
    [
        ("unreachable", 6, "try: is `syncd run` alive?"),
        ("locked", 1, "state.db belongs to process 4711"),
        ("login", 1, "try: renew it, then `syncd check --live`"),
        ("interrupted", 130, "interrupted"),
    ],
)
def test_each_kind_of_failure_has_its_code_and_says_what_to_try(
    run: Run, mode: str, code: int, said: str
) -> None:
    ran = run("status", mode=mode)
    assert ran.returncode == code
    assert said in ran.stderr


def test_an_unexpected_error_is_one_line_with_an_id_and_a_file(start: Run) -> None:
    ran = start("sync", mode="crash")
    assert ran.returncode == 1
    assert "secret-in-a-traceback" not in ran.stdout + ran.stderr
    (line,) = ran.stderr.splitlines()
    found = re.fullmatch(
        r"An error nobody expected \(RuntimeError, id (\w{8})\); the details are in (\S+)", line
    )
    assert found is not None, line
    log = Path(found[2])
    assert found[1] in log.name
    assert "secret-in-a-traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_plan_shows_what_where_and_why(run: Run) -> None:
    ran = run("plan", "acme")
    assert ran.returncode == 0
    lines = [re.sub(r" {2,}", " | ", line.strip()) for line in ran.stdout.splitlines()]
    assert lines[:2] == ["acme", "FLOW | VERB | DIRECTION | RECORD | FIELDS | REASON"]
    assert "invoice | create | field → books | S-10442 | total: 418.25 | the record is new" in lines
    assert lines[4].startswith("customer | update | field ← books | =cmd()")
    assert "acme: 1 customer.update.left, 1 customer.update.right, 1 invoice.create.right" in ran.stderr
    assert "2 more are not listed" in ran.stderr


def test_a_brake_is_named_with_the_command_that_releases_it(run: Run) -> None:
    ran = run("plan", "acme", mode="trip")
    assert ran.returncode == 3
    assert "STOPPED acme, mass_change: 90 of 100 would be rewritten" in ran.stderr
    assert "to let it pass: syncd x" in ran.stderr


@pytest.mark.parametrize("form", ["table", "wide", "json", "jsonl", "yaml", "csv"])
def test_hostile_text_drives_neither_terminal_nor_spreadsheet(run: Run, form: str) -> None:
    for arguments in (("plan", "acme"), ("explain", "invoice", "S-10442")):
        ran = run(*arguments, "-o", form)
        assert ran.returncode == 0, ran.stderr
        for hostile in ("\x1b", "\x07", "\u202e"):
            assert hostile not in ran.stdout
        assert "[bold]Co[/bold]" in ran.stdout, "markup stays what it is: letters"
        if form == "csv":
            assert not re.search(r"(^|,)=", ran.stdout, re.MULTILINE)


def test_json_keeps_every_character_by_escaping_it(run: Run) -> None:
    ran = run("plan", "acme", "--json")
    (plan,) = json.loads(ran.stdout)
    assert plan["items"][0]["fields"][0]["after"].startswith("Evil \x1b[31mRed")
    assert plan["counts"]["invoice.create.right"] == 1


def test_data_goes_to_stdout_and_talk_to_stderr(run: Run) -> None:
    ran = run("sync", "acme", "--verbose")
    assert ran.returncode == 0
    assert "acme/invoice: reading left" in ran.stderr
    assert "reading" not in ran.stdout
    assert re.search(r"acme +invoice +10", ran.stdout)
    quiet = run("sync", "acme", "--quiet", "-o", "jsonl")
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout)["created"] == 9


@pytest.mark.parametrize(("mode", "code"), [("", 0), ("partly", 3), ("failed", 1)])
def test_sync_says_by_its_code_whether_all_went_on(run: Run, mode: str, code: int) -> None:
    assert run("sync", mode=mode).returncode == code


@pytest.mark.parametrize(("mode", "code"), [("", 0), ("waits", 3), ("refused", 1)])
def test_send_says_by_its_code_whether_the_record_stands(run: Run, mode: str, code: int) -> None:
    ran = run("send", "acme", "invoice", "S-10442", "--json", mode=mode)
    assert ran.returncode == code
    assert json.loads(ran.stdout)["message"].startswith("cli"), "who asked stands in the audit"


def test_status_is_for_scripts_too(run: Run) -> None:
    well = run("status")
    assert well.returncode == 0
    assert re.search(r"acme +on_time +invoice +left-to-right +41", well.stdout)
    assert "2026-11-21 12:00:00Z, from the state (no daemon runs)" in well.stdout
    sick = run("status", mode="sick")
    assert sick.returncode == 3
    assert "HELD flow:acme/invoice since 2026-11-21 12:00:00Z by brake: mass change" in sick.stdout
    assert "to release it: syncd release 7" in sick.stdout


def test_explain_tells_fields_and_events(run: Run) -> None:
    ran = run("explain", "invoice", "S-10442")
    assert "acme/invoice S-10442 in acme is in_step" in ran.stdout
    assert "left id 99, right id 4411" in ran.stdout
    assert re.search(r"total +1 +2 +1 +yes", ran.stdout)
    assert re.search(r"2026-11-21 12:00:00Z +posted +by Evil \\x1b\[31mRed", ran.stdout)


def test_matches_are_shown_with_their_evidence_and_answered(run: Run) -> None:
    listed = json.loads(run("match", "list", "--json").stdout)
    assert [item["id"] for item in listed] == [17, 18]
    assert listed[0]["candidates"][0]["evidence"] == ["same phone (+25)"]
    assert [i["id"] for i in json.loads(run("match", "list", "--min-score", "80", "--json").stdout)] == [17]
    table = run("match", "list")
    assert "same phone" in table.stdout
    assert "\x1b[31m" not in table.stdout
    shown = run("match", "show", "17")
    assert "syncd match accept 17 1042" in shown.stderr
    assert "syncd match create 17" in shown.stderr
    assert "matched [(17, '1042')]" in run("match", "accept", "17").stdout, "the one that stands out"
    assert "matched [(17, '1043')]" in run("match", "accept", "17", "1043").stdout
    assert "told apart [(17, '1043')]" in run("match", "reject", "17", "1043").stdout
    assert "told apart [(17, '1042'), (17, '1043')]" in run("match", "create", "17").stdout
    assert run("match", "list", "--fail-if-empty", mode="clean").returncode == 4


def test_matches_are_answered_in_bulk_by_filter_once_somebody_agrees(run: Run) -> None:
    tried = run("match", "accept", "--all-matching", "--min-score", "80", "--dry-run", "--json")
    assert [row["id"] for row in json.loads(tried.stdout)] == [17]
    assert "1 would be matched; nothing was done" in tried.stderr
    asked = run("match", "accept", "--all-matching")
    assert (asked.returncode, "accept 1 candidates" in asked.stderr) == (5, True)
    assert "matched [(17, '1042')]" in run("match", "accept", "--all-matching", "--yes").stdout
    done = run("match", "reject", "--all-matching", "--below", "50", "--yes")
    assert "told apart [(17, '1043'), (18, '1043')]" in done.stdout
    assert run("match", "accept", "--all-matching", "--min-score", "99", "--yes").returncode == 4


def test_a_held_write_is_shown_beside_the_nearest_and_settled(run: Run) -> None:
    assert "the answer was lost" in run("held", "list").stdout
    assert run("held", "list", "--fail-if-empty", mode="clean").returncode == 4
    shown = run("held", "show", "5")
    assert "93" in shown.stdout
    assert "syncd held settle 5 --is KEY" in shown.stderr
    assert "5 is 1042" in run("held", "settle", "5", "--is", "1042").stdout
    assert "5 again" in run("held", "settle", "5", "--send-again", "--yes").stdout


def test_the_kill_switch_says_what_may_still_finish_and_how_it_is_released(run: Run) -> None:
    stopped = run("stop-writes", "--reason", "wrong totals", "--json")
    assert json.loads(stopped.stdout)["scope"] == "everything"
    assert "3 writes were sent before this and may still finish" in stopped.stderr
    assert "syncd release 8" in stopped.stderr


def test_quarantine_is_listed_retried_and_skipped(run: Run) -> None:
    listed = run("quarantine", "list", "-o", "csv")
    assert listed.stdout.splitlines()[1].startswith(
        "17,acme,acme/invoice,right,99,S-10442,validation,date,Period"
    )
    assert run("quarantine", "list", mode="clean").returncode == 0
    assert run("quarantine", "list", "--fail-if-empty", mode="clean").returncode == 4
    assert "Period 3 is closed" in run("quarantine", "show", "17").stdout
    assert "2 will be tried again" in run("quarantine", "retry", "17", "18").stderr
    assert "nobody is here to agree" in run("quarantine", "retry", "--all-matching").stderr
    assert run("quarantine", "retry", "--all-matching", "--yes").returncode == 0
    skipped = run("quarantine", "skip", "17", "--reason", "by hand", "--yes")
    assert (skipped.returncode, skipped.stderr) == (0, "1 left alone: by hand\n")


def test_check_counts_what_is_wrong(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("check").returncode == 0
    monkeypatch.setenv("SYNCD_CONFIG", "elsewhere.yaml")
    live = run("check", "--live")
    assert live.returncode == 1
    assert "elsewhere.yaml" in live.stdout
    assert re.search(r"error +books +no bridge +\n +→ start it", live.stdout)
    assert "3 looked at, 1 wrong" in live.stderr


def test_db_says_where_the_tables_are(run: Run) -> None:
    current = run("db", "current", "--json")
    assert current.returncode == 1
    assert json.loads(current.stdout) == {"current": "0001", "newest": "0002", "up_to_date": False}
    assert run("db", "upgrade").stderr == "0001 -> 0002\n"


def test_a_reader_that_goes_away_is_no_error_to_talk_about(tmp_path: Path) -> None:
    process = subprocess.Popen(
        started("plan", "acme", "-q", "--json"),
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(timeout=60)
    assert said == b""


@pytest.mark.parametrize(
    ("arguments", "code"), [(("paln",), 2), (("status",), 0), (("explain", "invoice", "nobody"), 4)]
)
def test_the_process_ends_with_the_code(start: Run, arguments: tuple[str, ...], code: int) -> None:
    assert start(*arguments).returncode == code


def test_help_is_broken_by_the_terminal_and_not_where_the_source_was(run: Run) -> None:
    said = run("erase", "--help").stdout
    assert "[default: False]" not in said
    paragraph = said.partition("Records, bases")[2].partition("\n\n")[0].split("\n")
    assert all(len(line) > 60 for line in paragraph[:-1]), paragraph
