"""Reads ``[settings.text]``."""

from __future__ import annotations

from typing import Final

from artrator.backend import Device, PackageFiles
from artrator.manifest import InputType
from artrator.onnx_runtime import TokenReader, load_graph, read_graph_of
from artrator.settings import Settings
from artrator_diffusion.packages import package_file, read_tensor, refuse_unfed
from artrator_diffusion.text.encoder import POOLINGS, TextEncoder, TextSettings

#: The usual names of the tensors of a text encoder, taken where the settings do not say.
_USUAL: Final = {"ids": "input_ids", "mask": "attention_mask", "types": "token_type_ids"}


def read_text(settings: Settings, package: PackageFiles) -> TextSettings:
    """Read and check the table."""
    table: Settings = settings.table("text")
    graph = package_file(table, "graph", package)
    facts = read_graph_of(package, graph)
    names = {
        part: read_tensor(table, part, usual, facts.inputs) if part in table or usual in facts.inputs else None
        for part, usual in _USUAL.items()
    }
    refuse_unfed(table, graph, facts, list(names.values()))
    found = TextSettings(
        graph=graph,
        tokenizer=package_file(table, "tokenizer", package),
        prompt=_text_input(table, "input", package) or "",
        negative=_text_input(table, "negative", package) if "negative" in table else None,
        max_length=table.integer("max_length", 128, minimum=2),
        pad=table.boolean("pad", False),
        ids=names["ids"] or _USUAL["ids"],
        mask=names["mask"],
        types=names["types"],
        output=read_tensor(table, "output", "last_hidden_state", facts.outputs),
        pooling=table.text("pooling", "none", choices=POOLINGS),
        normalize=table.boolean("normalize", False),
        batch=table.integer("batch", 1, minimum=1),
    )
    token_reader(found, package)  # a broken tokenizer is found here, not at the first job
    return found


def token_reader(settings: TextSettings, package: PackageFiles) -> TokenReader:
    """The tokenizer of a text encoder."""
    return TokenReader.from_json(
        package.read(settings.tokenizer), name=settings.tokenizer, max_length=settings.max_length, pad=settings.pad
    )


def load_text(settings: TextSettings, package: PackageFiles, device: Device) -> TextEncoder:
    """Load a text encoder."""
    return TextEncoder(settings, load_graph(package, settings.graph, device), token_reader(settings, package))


def _text_input(table: Settings, key: str, package: PackageFiles) -> str:
    name: str = table.text(key)
    spec = package.manifest.inputs.get(name)
    if spec is None or spec.type is not InputType.TEXT:
        raise table.error(key, f"is '{name}'; it must be an input of type text.")
    return name
