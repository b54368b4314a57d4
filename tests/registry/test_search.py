"""Finding listings."""

from __future__ import annotations

import pytest
from registry_world import MICRO, World, make_package

from artrator.errors import ArtratorError, Code
from artrator_registry.search.terms import indexed, query

pytestmark = pytest.mark.anyio


async def shelf(world: World) -> None:
    creator = await world.person("atelier")
    for i, (title, task) in enumerate(
        [("Oil painter", "image-to-image"), ("Emoji maker", "text-to-image"), ("Café sketches", "text-to-image")]
    ):
        made = make_package(creator.key, name=f"model-{i}", title=title, task=task, base=(3 - i) * MICRO)
        await creator.publish(f"atelier/model-{i}", made.publication)


async def test_words_and_their_beginnings_are_found_in_any_script(world: World) -> None:
    await shelf(world)
    mina = await world.person("mina")
    for typed, found in {
        "emoji": ["model-1"],
        "emo": ["model-1"],
        "OIL paint": ["model-0"],
        "cafe": ["model-2"],
        "유화": ["model-0", "model-1", "model-2"],
        "그림": ["model-0", "model-1", "model-2"],
        "atelier sketch": ["model-2"],
        "text image emoji": ["model-1"],
        "nothing": [],
        'emoji" OR "oil': [],
        "emoji NOT maker": [],
        "title:emoji": [],
        "emoji*": ["model-1"],
        "???": [],
        "\x00": [],
    }.items():
        page = await mina.search(typed)
        assert sorted(card.listing.removeprefix("atelier/") for card in page.items) == found, typed
        assert page.total == len(found), typed


async def test_tasks_tags_and_orders_narrow_and_sort(world: World) -> None:
    await shelf(world)
    mina = await world.person("mina")

    async def names(**how: str) -> list[str]:
        return [card.listing[-1] for card in (await mina.search(**how)).items]

    assert await names(sort="price") == ["2", "1", "0"]
    assert await names(sort="new") == ["2", "1", "0"]
    assert await names(task="image-to-image") == ["0"]
    assert await names(tag="paint", sort="price") == ["2", "1", "0"]
    assert await names(tag="nothing") == []
    page = await mina.search(task="image-to-image")
    assert page.tasks == {"text-to-image": 2, "image-to-image": 1}
    assert page.total == 1


async def test_pages_neither_repeat_nor_skip(world: World) -> None:
    creator = await world.person("atelier")
    for i in range(7):
        await creator.publish(f"atelier/m{i}", make_package(creator.key, name=f"m{i}", base=i % 3).publication)
    for typed in ("", "painter"):
        for sort in ("relevant", "popular", "new", "price"):
            seen: list[str] = []
            cursor = None
            while True:
                page = await creator.search(typed, sort=sort, cursor=cursor, limit=3)
                seen += [card.listing for card in page.items]
                cursor = page.next
                if cursor is None:
                    break
            assert sorted(seen) == [f"atelier/m{i}" for i in range(7)], (typed, sort)


async def test_paid_runs_make_a_listing_popular(world: World) -> None:
    shop = await world.shop()
    await shop.creator.publish("atelier/other", make_package(shop.creator.key, name="other").publication)
    mina = await world.person("mina", credits_=10)
    await shop.deliver(mina, await shop.order(mina))
    page = await mina.search(sort="popular")
    assert [(card.listing, card.runs) for card in page.items] == [("atelier/painter", 1), ("atelier/other", 0)]


async def test_a_wrong_order_or_cursor_is_refused(world: World) -> None:
    mina = await world.person("mina")
    for how in ({"sort": "sideways"}, {"cursor": "x"}, {"limit": 0}, {"limit": 101}):
        with pytest.raises(ArtratorError) as raised:
            await mina.search("", **how)  # type: ignore[arg-type]
        assert raised.value.code is Code.REQUEST_INVALID


def test_every_ending_of_a_korean_word_is_indexed() -> None:
    assert indexed("유화그림 oil").split() == ["유화그림", "oil", "화그림", "그림", "림"]


def test_what_is_typed_is_never_an_operator() -> None:
    assert query('cat" OR dog* NEAR(a)') == '"cat"* "OR"* "dog"* "NEAR"* "a"*'
    assert query("\x00\"'()*:^-+") == ""
