"""Who sells: the profile, its numbers, and the operator's word."""

from __future__ import annotations

import pytest
from registry_world import World

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.messages import payouts as pm
from artrator.messages import registry as m
from artrator_registry.sellers import service as sellers
from artrator_registry.sellers.numbers import fits

pytestmark = pytest.mark.anyio

PROFILE = pm.SellerProfile(
    legal_name="주식회사 아틀리에", country="KR", business_number="124-81-00998", vat_registered=True
)


async def _decide(world: World, handle: str, reject: str | None = None) -> pm.Seller:
    return await world.registry.database.write(sellers.decide, handle, reject)


async def _verified(world: World, person: RegistryClient) -> bool:
    account = (await person.account()).id
    return await world.registry.database.read(sellers.is_verified, account)


@pytest.mark.parametrize("number", ["1248100998", "2208162517", "1208147521"])
def test_numbers_that_the_tax_office_gave_out_fit(number: str) -> None:
    assert fits(number)
    for place in range(10):
        for other in "0123456789":
            changed = number[:place] + other + number[place + 1 :]
            # Weights 1, 3 and 7 have no factor in common with 10, so one changed digit is always seen; of the ninth
            # place both digits of its product count, and of the tenth there is only one that fits.
            assert fits(changed) == (other == number[place])


async def test_a_profile_is_submitted_verified_and_submitted_again_when_it_changes(world: World) -> None:
    mina = await world.person("mina")
    assert await mina.seller() == pm.Seller(state=pm.SellerState.NONE, profile=None)
    assert not await _verified(world, mina)
    submitted = await mina.set_seller(PROFILE)
    assert submitted.state is pm.SellerState.SUBMITTED
    assert submitted.profile is not None
    assert submitted.profile.business_number == "1248100998"
    await _decide(world, "mina")
    assert (await mina.seller()).state is pm.SellerState.VERIFIED
    assert await _verified(world, mina)
    assert (await mina.set_seller(PROFILE)).state is pm.SellerState.VERIFIED  # the same again changes nothing
    changed = PROFILE.model_copy(update={"business_number": "220-81-62517"})
    assert (await mina.set_seller(changed)).state is pm.SellerState.SUBMITTED
    assert not await _verified(world, mina)
    rejected = await _decide(world, "mina", "The certificate names somebody else.")
    assert (rejected.state, rejected.reason) == (
        pm.SellerState.REJECTED,
        "The certificate names somebody else.",
    )
    assert (await mina.set_seller(PROFILE)).state is pm.SellerState.SUBMITTED


async def test_what_cannot_be_a_profile_is_refused_with_its_field(world: World) -> None:
    mina = await world.person("mina")
    for change, field in (
        ({"business_number": "124-81-00999"}, "business_number"),
        ({"business_number": ""}, "business_number"),
        ({"business_number": "124810099"}, "business_number"),
        ({"business_number": "１２４８１００９９８"}, "business_number"),
        ({"legal_name": "   "}, "legal_name"),
        ({"legal_name": "Atelier\r\n=1+1"}, "legal_name"),
        ({"address": "Seoul\x1b[2J"}, "address"),
        ({"country": "FR", "business_number": "", "vat_number": "FR<script>"}, "vat_number"),
    ):
        with pytest.raises(ArtratorError) as raised:
            await mina.set_seller(PROFILE.model_copy(update=change))
        assert (raised.value.code, raised.value.details["field"]) == (Code.REQUEST_INVALID, field), change
    assert (await mina.seller()).state is pm.SellerState.NONE
    abroad = pm.SellerProfile(legal_name="Atelier SARL", country="FR", vat_number="FR 40 303265045")
    assert (await mina.set_seller(abroad)).state is pm.SellerState.SUBMITTED


async def test_no_api_key_sees_or_changes_who_sells(world: World) -> None:
    mina = await world.person("mina")
    made = await mina.create_api_key(m.APIKeyRequest(label="all", scopes=list(m.Scope)))
    robot = RegistryClient("http://registry", api_key=made.secret, transport=world.transport)
    for work in (robot.seller(), robot.set_seller(PROFILE)):
        with pytest.raises(ArtratorError) as raised:
            await work
        assert raised.value.code is Code.SCOPE_MISSING


async def test_nobody_is_verified_who_said_nothing(world: World) -> None:
    await world.person("mina")
    for handle in ("mina", "nobody"):
        with pytest.raises(ArtratorError) as raised:
            await _decide(world, handle)
        assert raised.value.code is Code.ACCOUNT_UNKNOWN
