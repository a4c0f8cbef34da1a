"""OAuth2 with rotating refresh tokens, and sessions whose oldest is evicted."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from tests.integration.sandbox_servicetrade.conftest import Account, Open


async def with_session(account: Account, method: str, path: str, session: str) -> int:
    headers = {"Cookie": f"PHPSESSID={session}"}
    async with account.session.request(method, account.base + path, headers=headers) as answer:
        return answer.status


async def new_session(account: Account) -> str:
    data = await account.write("POST", "/auth", {"username": "demo-user", "password": "demo-password"})
    assert data["authenticated"] is True
    token: str = data["authToken"]
    return token


async def test_without_a_login_every_record_is_refused(open_account: Open) -> None:
    account = await open_account(log_in=False)
    status, body = await account.ask("GET", "/invoice")
    assert status == 401
    assert body["messages"]["error"] == "Not authenticated"


async def test_the_access_token_is_a_jwt_that_says_when_it_ends(open_account: Open) -> None:
    account = await open_account(token_life_s="600")
    claims_part = (account.token or "").split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims_part + "=="))
    assert abs(claims["exp"] - (time.time() + 600)) < 30


async def test_an_access_token_ends_at_its_exp(open_account: Open) -> None:
    account = await open_account(token_life_s="600")
    await account.control.act("clock/advance", seconds=601)
    assert (await account.ask("GET", "/invoice"))[0] == 401


async def test_the_token_endpoint_takes_a_form_too(account: Account) -> None:
    form = {"grant_type": "client_credentials", "client_id": "demo-client", "client_secret": "demo-secret"}
    async with account.session.post(f"{account.base}/oauth2/token", data=form) as answer:
        assert answer.status == 200


async def test_a_wrong_client_secret_is_refused(account: Account) -> None:
    status, body = await account.grant(
        grant_type="client_credentials", client_id="demo-client", client_secret="wrong"
    )
    assert (status, body["error"]) == (401, "invalid_client")


async def test_a_refresh_token_works_once_and_rotates(account: Account) -> None:
    first = (await account.log_in())["refresh_token"]
    status, second = await account.grant(
        grant_type="refresh_token", refresh_token=first, client_id="demo-client"
    )
    assert status == 200
    assert second["refresh_token"] != first
    status, refused = await account.grant(
        grant_type="refresh_token", refresh_token=first, client_id="demo-client"
    )
    assert (status, refused["error"]) == (400, "invalid_grant")


async def test_a_revoked_refresh_token_is_refused(account: Account) -> None:
    token = (await account.log_in())["refresh_token"]
    revoked, _ = await account.ask("POST", "/oauth2/revoke", {"refresh_token": token})
    assert revoked == 200
    status, _ = await account.grant(grant_type="refresh_token", refresh_token=token)
    assert status == 400


async def test_revoke_wants_the_key_the_profile_names(account: Account) -> None:
    status, _ = await account.ask("POST", "/oauth2/revoke", {"token": "r-1"})
    assert status == 400


async def test_userinfo_says_who_is_calling(account: Account) -> None:
    status, body = await account.ask("GET", "/oauth2/userinfo")
    assert (status, body) == (200, {"sub": "demo-client"})


async def test_an_account_may_refuse_oauth_while_sessions_work(open_account: Open) -> None:
    account = await open_account(log_in=False, oauth="false")
    status, _ = await account.grant(
        grant_type="client_credentials", client_id="demo-client", client_secret="demo-secret"
    )
    assert status == 401
    assert await with_session(account, "GET", "/invoice", await new_session(account)) == 200


async def test_a_session_is_checked_and_ended(account: Account) -> None:
    session = await new_session(account)
    assert await with_session(account, "GET", "/auth", session) == 200
    assert await with_session(account, "GET", "/job", session) == 200
    assert await with_session(account, "DELETE", "/auth", session) == 204
    assert await with_session(account, "GET", "/auth", session) == 404
    assert await with_session(account, "GET", "/job", session) == 401


async def test_without_a_session_auth_answers_404(open_account: Open) -> None:
    account = await open_account(log_in=False)
    assert (await account.ask("GET", "/auth"))[0] == 404


async def test_one_session_too_many_ends_the_oldest(open_account: Open) -> None:
    account = await open_account(log_in=False, sessions="2")
    oldest, middle, newest = [await new_session(account) for _ in range(3)]
    assert await with_session(account, "GET", "/auth", oldest) == 404
    assert await with_session(account, "GET", "/auth", middle) == 200
    assert await with_session(account, "GET", "/auth", newest) == 200


async def test_a_wrong_password_answers_403_and_a_missing_one_400(account: Account) -> None:
    status, _ = await account.ask("POST", "/auth", {"username": "demo-user", "password": "no"})
    assert status == 403
    status, _ = await account.ask("POST", "/auth", {"username": "demo-user"})
    assert status == 400
