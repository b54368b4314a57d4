"""One paid job, from search to settled statement, over real processes."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from federation import Federation, Person, read_json
from PIL import Image

from artrator.documents import NodeDescriptor, Receipt
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages.registry import OrderState


def test_a_prompt_becomes_a_picture_that_was_paid_for(running: Federation, buyer: Person) -> None:
    before = buyer.balance()
    result = buyer.buy("atelier/emoji", {"prompt": "red apple", "steps": 8, "seed": 7})
    assert result.settled
    picture = Image.open(io.BytesIO(result.outputs[0].data))
    assert picture.size == (32, 32)
    assert result.charged == 2_000_000
    after = buyer.balance()
    assert (before.available - after.available, after.held) == (result.charged, before.held)


def test_the_receipt_names_the_exact_signed_model_and_every_output(running: Federation, buyer: Person) -> None:
    result = buyer.buy("atelier/emoji", {"prompt": "pizza", "steps": 4, "seed": 1})
    listing = buyer.ask(lambda client: client.listing("atelier/emoji"))
    descriptor = NodeDescriptor.verify(result.descriptor_document, PublicKey.decode(listing.creator_key))
    receipt = Receipt.verify(result.receipt_document, PublicKey.decode(descriptor.receipt_key))
    assert receipt.package == listing.card.package
    assert [o.sha256 for o in receipt.outputs] == [hashlib.sha256(o.data).hexdigest() for o in result.outputs]
    assert receipt.runtime.startswith("onnxruntime")


def test_the_same_seed_gives_the_same_picture(running: Federation, buyer: Person) -> None:
    inputs: dict[str, object] = {"prompt": "a green frog", "steps": 4, "seed": 99}
    first, second = (buyer.buy("atelier/emoji", dict(inputs)) for _ in range(2))
    pixels = [Image.open(io.BytesIO(result.outputs[0].data)).tobytes() for result in (first, second)]
    assert pixels[0] == pixels[1]


def test_statements_of_both_sides_add_up_and_say_why(running: Federation, buyer: Person) -> None:
    earned = running.creator.balance()
    result = buyer.buy("atelier/emoji", {"prompt": "a house", "steps": 4})
    line = next(line for line in buyer.statement() if line.order == result.order and line.amount < 0)
    assert line.listing == "atelier/emoji"
    theirs = running.creator.balance()
    gained = theirs.earnings + theirs.pending - earned.earnings - earned.pending
    fee = result.charged - gained
    assert 0 <= fee <= result.charged // 10
    assert "no difference" in running.audit()


def test_pictures_chain_from_model_to_model(running: Federation, buyer: Person) -> None:
    small = buyer.buy("atelier/emoji", {"prompt": "a rocket", "steps": 4}).outputs[0].data
    large = buyer.buy("atelier/upscale-x4", {}, {"image": small}).outputs[0].data
    assert Image.open(io.BytesIO(large)).size == (128, 128)


def test_a_photo_is_painted_in_the_style_that_was_chosen(running: Federation, buyer: Person, photo: bytes) -> None:
    painted = Image.open(io.BytesIO(buyer.buy("atelier/painterly", {}, {"image": photo}).outputs[0].data))
    assert painted.size == Image.open(io.BytesIO(photo)).size


def test_neither_prompt_nor_picture_ever_reaches_the_registry_or_a_log(running: Federation, buyer: Person) -> None:
    marker = "zyxwv-secret-prompt-of-mine"
    result = buyer.buy("atelier/emoji", {"prompt": marker, "steps": 4})
    picture = hashlib.sha256(result.outputs[0].data).hexdigest()
    places = [running.registry_data, running.folder / "logs"]
    for file in (f for place in places for f in place.rglob("*") if f.is_file()):
        content = file.read_bytes()
        assert marker.encode() not in content, file
        assert result.outputs[0].data not in content, file
    assert any(o.sha256 == picture for o in result.receipt.outputs)


def test_inputs_out_of_bounds_cost_nothing_and_name_the_input(running: Federation, buyer: Person) -> None:
    before = buyer.balance()
    with pytest.raises(ArtratorError) as caught:
        buyer.buy("atelier/emoji", {"prompt": "x", "steps": 100_000})
    assert caught.value.code is Code.INPUT_INVALID
    assert "steps" in caught.value.message
    assert buyer.balance() == before


def test_a_buyer_without_credits_hears_what_is_missing(running: Federation) -> None:
    poor = running.person("poor", 0)
    with pytest.raises(ArtratorError) as caught:
        poor.buy("atelier/emoji", {"prompt": "x"})
    assert caught.value.code is Code.CREDITS_INSUFFICIENT


def test_unknown_listings_are_named(running: Federation, buyer: Person) -> None:
    done = buyer.run("show", "atelier/nothing")
    assert done.returncode == 1
    assert "listing_unknown" in done.stderr


def test_the_command_line_searches_buys_and_writes(running: Federation, buyer: Person, tmp_path: Path) -> None:
    assert "atelier/emoji" in buyer.run("search", "emoji").stdout
    arguments = ("generate", "atelier/emoji", "--prompt", "a fish", "--set", "steps=4", "-o", "fish.png", "--json")
    done = buyer.run(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = read_json(done.stdout)
    assert facts["charged"] == 2_000_000
    with Image.open(tmp_path / "fish.png") as fish:
        assert fish.size == (32, 32)
    assert (tmp_path / "fish.receipt.json").exists()
    assert not list((buyer.profile.folder / "orders").glob("*/order.json"))


def test_too_dear_is_said_before_anything_is_held(running: Federation, buyer: Person) -> None:
    before = buyer.balance()
    done = buyer.run("generate", "atelier/emoji", "--prompt", "x", "--max-price", "0.5")
    assert done.returncode == 3
    assert "0.5" in done.stderr
    assert buyer.balance() == before


def test_where_nothing_can_be_written_nothing_is_bought(running: Federation, buyer: Person, tmp_path: Path) -> None:
    before = buyer.balance(), len(buyer.ask(lambda client: client.orders(limit=100)).items)
    (tmp_path / "file").write_bytes(b"")
    job = ("generate", "atelier/emoji", "--prompt", "x", "--set", "steps=4", "--yes")
    for place in (("-o", str(tmp_path / "file" / "x.png")), ("--video", str(tmp_path / "file" / "x.mp4"))):
        done = buyer.run(*job, *place, cwd=tmp_path)
        assert done.returncode == 1
        assert f"Nothing can be written to {tmp_path / 'file'}" in done.stderr
        assert "[request_invalid]" in done.stderr
    assert before == (buyer.balance(), len(buyer.ask(lambda client: client.orders(limit=100)).items))


def test_a_program_spends_no_more_than_its_key_allows(running: Federation, buyer: Person, tmp_path: Path) -> None:
    made = read_json(buyer.run("account", "keys", "create", "batch", "--limit", "3", "--json").stdout)
    job = ("generate", "atelier/emoji", "--prompt", "a star", "--set", "steps=4", "--json")
    secret = str(made["secret"])
    assert buyer.run(*job, cwd=tmp_path, api_key=secret).returncode == 0
    refused = buyer.run(*job, cwd=tmp_path, api_key=secret)
    assert refused.returncode == 3
    assert "spending_limit" in refused.stderr
    assert "2 of 3 credits spent" in buyer.run("account", "keys", "list").stdout
    assert buyer.run("account", "keys", "revoke", str(made["id"])).returncode == 0
    assert "api_key_invalid" in buyer.run("balance", "--json", api_key=secret).stderr


def test_every_order_of_the_session_has_reached_its_end(running: Federation, buyer: Person) -> None:
    orders = buyer.ask(lambda client: client.orders(limit=100)).items
    assert orders
    assert {order.state for order in orders} <= {OrderState.SETTLED, OrderState.RELEASED}
    assert buyer.balance().held == 0
