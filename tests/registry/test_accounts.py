"""Signing in by key, handles, sessions and API keys."""

from __future__ import annotations

import pytest
from registry_world import MICRO, World, gather

from artrator.canonical import b64
from artrator.clients.registry import RegistryClient, sign_in_bytes
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m

pytestmark = pytest.mark.anyio


async def refused(code: Code, work: object) -> ArtratorError:
    with pytest.raises(ArtratorError) as raised:
        await work  # type: ignore[misc]
    assert raised.value.code is code, raised.value
    assert raised.value.message
    assert raised.value.cure
    return raised.value


async def test_the_first_sign_in_makes_the_account_and_the_second_finds_it(world: World) -> None:
    mina = await world.person("mina")
    first = await mina.account()
    again = RegistryClient("http://registry", mina.key, handle="another", transport=world.transport)
    assert await again.account() == first
    assert first.handle == "mina"


async def test_a_key_without_a_wish_gets_a_handle_made_from_its_id(world: World) -> None:
    key = PrivateKey.generate()
    account = await RegistryClient("http://registry", key, transport=world.transport).account()
    assert account.handle == f"u-{key.id[7:19]}"


@pytest.mark.parametrize("handle", ["mina", "admin"])
async def test_a_handle_that_is_taken_or_reserved_is_refused(world: World, handle: str) -> None:
    await world.person("mina")
    await refused(Code.CONFLICT, world.person(handle))


async def test_many_first_sign_ins_of_one_key_make_one_account(world: World) -> None:
    key = PrivateKey.generate()
    clients = [RegistryClient("http://registry", key, handle="mina", transport=world.transport) for _ in range(12)]
    accounts = await gather(*(client.account() for client in clients))
    assert len({account.id for account in accounts}) == 1


async def _challenge(world: World, key: PrivateKey) -> m.Challenge:
    async with world.http() as http:
        answer = await http.post("/v1/challenges", json={"public_key": key.public.encode()})
        return m.Challenge.model_validate(answer.json())


async def _sign_in(world: World, challenge: m.Challenge, key: PrivateKey, signature: bytes) -> int:
    async with world.http() as http:
        body = {"challenge": challenge.challenge, "public_key": key.public.encode(), "signature": b64(signature)}
        answer = await http.post("/v1/sessions", json=body)
        if answer.is_error:
            assert answer.json()["error"]["code"] == "challenge_invalid"
        return answer.status_code


@pytest.mark.parametrize("name", ["\x1b]0;owned\x07", "two\nlines", "turned\u202earound"])
async def test_a_name_that_would_steer_a_terminal_is_nobodys(name: str, world: World) -> None:
    key = PrivateKey.generate()
    challenge = await _challenge(world, key)
    signature = key.sign(sign_in_bytes(challenge.nonce, challenge.registry))
    body = {"challenge": challenge.challenge, "public_key": key.public.encode(), "signature": b64(signature)}
    async with world.http() as http:
        answer = await http.post("/v1/sessions", json=body | {"display_name": name})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "request_invalid")
    assert answer.json()["error"]["details"]["field"] == "display_name"


async def test_a_challenge_works_once(world: World) -> None:
    key = PrivateKey.generate()
    challenge = await _challenge(world, key)
    signature = key.sign(sign_in_bytes(challenge.nonce, challenge.registry))
    assert await _sign_in(world, challenge, key, signature) == 200
    assert await _sign_in(world, challenge, key, signature) == 401


async def test_a_challenge_ends_after_a_minute(world: World) -> None:
    key = PrivateKey.generate()
    challenge = await _challenge(world, key)
    world.clock.offset += 61
    signature = key.sign(sign_in_bytes(challenge.nonce, challenge.registry))
    assert await _sign_in(world, challenge, key, signature) == 401


async def test_a_challenge_is_bound_to_its_key_and_registry(world: World) -> None:
    key, other = PrivateKey.generate(), PrivateKey.generate()
    challenge = await _challenge(world, key)
    assert (
        await _sign_in(world, challenge, other, other.sign(sign_in_bytes(challenge.nonce, challenge.registry))) == 401
    )
    challenge = await _challenge(world, key)
    assert await _sign_in(world, challenge, key, key.sign(sign_in_bytes(challenge.nonce, "sha256:other"))) == 401
    challenge = await _challenge(world, key)
    assert await _sign_in(world, challenge, key, b"") == 401


async def test_a_session_ends_after_an_hour_and_the_client_signs_in_again(world: World) -> None:
    mina = await world.person("mina")
    token = (await mina.sign_in()).token
    world.clock.offset += 3601
    async with world.http() as http:
        answer = await http.get("/v1/account", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["error"]["code"] == "session_invalid"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (await mina.account()).handle == "mina"


@pytest.mark.parametrize("token", ["", "nonsense", "ars_x", "\u00e9"])
async def test_a_token_that_nobody_got_is_refused(world: World, token: str) -> None:
    async with world.http() as http:
        answer = await http.get("/v1/account", headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.json()["error"]["code"] == "session_invalid"


async def test_nobody_is_told_so(world: World) -> None:
    async with world.http() as http:
        assert (await http.get("/v1/account")).json()["error"]["code"] == "session_invalid"


async def _with_key(world: World, mina: RegistryClient, *scopes: m.Scope, **more: object) -> RegistryClient:
    made = await mina.create_api_key(m.APIKeyRequest(label="robot", scopes=scopes, **more))  # type: ignore[arg-type]
    assert made.secret
    return RegistryClient("http://registry", api_key=made.secret, transport=world.transport)


async def test_an_api_key_may_do_what_its_scopes_say_and_no_more(world: World) -> None:
    mina = await world.person("mina")
    robot = await _with_key(world, mina, m.Scope.ACCOUNT_READ)
    assert (await robot.account()).handle == "mina"
    problem = await refused(Code.SCOPE_MISSING, robot.redeem("12345678"))
    assert problem.details["scope"] == "orders:write"
    await refused(Code.SCOPE_MISSING, robot.api_keys())
    await refused(
        Code.SCOPE_MISSING, robot.create_api_key(m.APIKeyRequest(label="child", scopes=[m.Scope.ACCOUNT_READ]))
    )


async def test_a_revoked_or_ended_api_key_is_refused(world: World) -> None:
    mina = await world.person("mina")
    robot = await _with_key(world, mina, m.Scope.ACCOUNT_READ)
    ending = await _with_key(world, mina, m.Scope.ACCOUNT_READ, expires_at=world.clock() + 60)
    await ending.account()
    key = next(key for key in await mina.api_keys() if key.expires_at is None)
    assert key.secret is None
    await mina.revoke_api_key(key.id)
    await mina.revoke_api_key(key.id)
    await refused(Code.API_KEY_INVALID, robot.account())
    world.clock.offset += 61
    await refused(Code.API_KEY_INVALID, ending.account())


async def test_nobody_can_revoke_the_api_key_of_another_account(world: World) -> None:
    mina, eve = await world.person("mina"), await world.person("eve")
    key = await mina.create_api_key(m.APIKeyRequest(label="robot", scopes=[m.Scope.ACCOUNT_READ]))
    await refused(Code.NOT_FOUND, eve.revoke_api_key(key.id))


async def test_a_spending_limit_counts_holds_and_gives_back_what_was_released(world: World) -> None:
    shop = await world.shop()
    mina = await world.person("mina", credits_=100)
    robot = await _with_key(world, mina, m.Scope.ORDERS_WRITE, m.Scope.ACCOUNT_READ, spending_limit=7 * MICRO)
    first, second = await shop.order(robot), await shop.order(robot)  # 3 credits each
    problem = await refused(Code.SPENDING_LIMIT, shop.order(robot))
    assert problem.details["left"] == 1 * MICRO
    await shop.claim(first, "failed")
    third = await shop.order(robot)
    await shop.deliver(mina, second)
    receipt = shop.node.receipt(third, measures={"step": 10})
    await shop.creator.claim(third.order, m.Claim(receipt=receipt))
    world.clock.offset += 86_401
    await world.sweep()
    assert (await mina.api_keys())[0].spent == 5 * MICRO


async def test_an_account_has_a_hundred_api_keys_at_a_time(world: World) -> None:
    mina = await world.person("mina")
    robot = m.APIKeyRequest(label="robot", scopes=[m.Scope.ACCOUNT_READ])
    made = [await mina.create_api_key(robot) for _ in range(100)]
    await refused(Code.REQUEST_INVALID, mina.create_api_key(robot))
    await mina.revoke_api_key(made[0].id)
    last = await mina.create_api_key(robot)
    await refused(Code.REQUEST_INVALID, mina.create_api_key(robot))
    listed = [key.id for key in await mina.api_keys()]
    assert sorted(listed) == sorted(key.id for key in (*made, last))


async def test_neither_tokens_nor_secrets_nor_voucher_codes_are_stored(world: World) -> None:
    mina = await world.person("mina")
    key = await mina.create_api_key(m.APIKeyRequest(label="robot", scopes=[m.Scope.ACCOUNT_READ]))
    session = await mina.sign_in()
    code = await world.voucher(MICRO)
    stored = b"".join(path.read_bytes() for path in world.settings.data.glob("registry.db*"))
    assert key.secret is not None
    for secret in (key.secret, session.token, code, code.replace("-", "")):
        assert secret.encode() not in stored


async def test_sign_ins_are_limited_for_each_address(world: World) -> None:
    async with world.http() as http:
        body = {"public_key": PrivateKey.generate().public.encode()}
        answers = [await http.post("/v1/challenges", json=body) for _ in range(260)]
    last = answers[-1]
    assert last.json()["error"]["code"] == "rate_limited"
    assert int(last.headers["retry-after"]) >= 1
    assert answers[0].status_code == 200
