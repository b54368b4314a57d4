"""The node's settings (``node.toml``) and where its files are."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pydantic
from pydantic import BaseModel, ConfigDict, Field, field_validator

from artrator.errors import ArtratorError, Code
from artrator.plain_text import PlainText
from artrator.profile import write_atomically
from artrator.worker.policy import machine_memory
from artrator_node.schedule import Schedule

_MIB = 1024 * 1024
_DEVICE = r"^(cpu|cuda|tensorrt|directml|coreml|openvino|openvino-gpu)(:[0-9]{1,3})?$"
#: Where the platform does not say what it has.
_UNKNOWN_MEMORY = 8 * 1024 * _MIB


def own_url(host: str, port: int) -> str:
    """The address of a node that listens on ``host``; this machine's own where it listens everywhere."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"https://{shown}:{port}"


class Settings(BaseModel):
    """What the owner decides. What has a default has one that suits a home machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[PlainText, Field(min_length=1, max_length=80)]
    #: Where buyers reach the node, best first.
    urls: Annotated[tuple[str, ...], Field(min_length=1, max_length=8)]
    host: str = "0.0.0.0"  # noqa: S104  # a node is there to be reached
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    registry: str

    #: How long outputs stay after a job has ended.
    retention_hours: Annotated[float, Field(gt=0, le=24 * 365)] = 24.0
    #: Jobs that may wait; one more is refused with ``node_busy``.
    queue_limit: Annotated[int, Field(ge=1, le=100_000)] = 64
    #: Jobs of one buyer that may be open at once.
    jobs_per_buyer: Annotated[int, Field(ge=1, le=100_000)] = 8
    #: Jobs of one package that run at once in its worker, so that their steps can be merged into batches; 0 stands for
    #: as many as a batch was learnt to be worth, and one more batch that waits.
    jobs_per_package: Annotated[int, Field(ge=0, le=256)] = 0
    #: What all files of one request may weigh together.
    request_mib: Annotated[int, Field(ge=1, le=4096)] = 512
    #: What all loaded models may take together; 0 means 60 % of the machine's memory.
    memory_mib: Annotated[int, Field(ge=0)] = 0
    #: Load packages when the node starts, as far as memory allows, instead of when the first job comes.
    prewarm: bool = True
    #: Names of packages that stay in memory: they are loaded first and never leave for another.
    pin: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    #: What graphs that were optimised and packed for this processor may take of the disk; 0 keeps none. They make loads
    #: shorter and are shared by workers; they can be deleted at any time.
    derived_mib: Annotated[int, Field(ge=0)] = 32 * 1024
    #: Files of bought packages that are fetched at once; half as many by one buyer.
    downloads: Annotated[int, Field(ge=1, le=1000)] = 8
    #: What all that the node sends may take of the line together, in Mbit/s; 0 sets no limit.
    upload_mbit: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0
    #: What all that the node receives may take.
    download_mbit: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0
    #: Free disk space below which no job is accepted.
    reserve_mib: Annotated[int, Field(ge=0)] = 512
    #: What models compute on; "auto" finds out what there is and measures what is best for each package.
    device: Literal["auto", "cpu", "cuda", "tensorrt", "directml", "coreml", "openvino", "openvino-gpu"] = "cpu"
    device_index: Annotated[int, Field(ge=0)] = 0
    #: Several devices, such as "cuda:0" and "cuda:1"; "cpu:0" and "cpu:1" are halves of the processor. They go before
    #: ``device``; with neither is anything else ever used.
    devices: Annotated[tuple[Annotated[str, Field(pattern=_DEVICE)], ...], Field(max_length=64)] = ()
    #: Names of packages that accelerators may compute in 16 bits, beside those whose own settings say so.
    fp16: Annotated[tuple[str, ...], Field(max_length=1000)] = ()
    #: Processor threads of a model; 0 stands for the cores that the node may use, or what is measured to be best.
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    #: The longest a single run may take before its worker is ended.
    run_seconds: Annotated[float, Field(gt=0)] = 600.0
    #: The longest a package may take to load.
    load_seconds: Annotated[float, Field(gt=0)] = 180.0
    #: How long running jobs may finish after the node was told to stop.
    drain_seconds: Annotated[float, Field(ge=0)] = 60.0
    #: Open connections; 0 means as many as the system's limit of open files allows, at most 4096.
    connections: Annotated[int, Field(ge=0, le=100_000)] = 0
    #: When the node may work, in local time: spans such as "mon-fri 22:00-07:00" and "sat-sun"; none means always.
    hours: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    #: Whose local time, such as "Asia/Seoul"; empty is this machine's.
    timezone: str = ""
    #: How long after its hours the node may go on with what it accepted before.
    grace_seconds: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    #: Programs that go before the node: while one of them runs it holds still and frees the card.
    pause_for: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    #: Any program but the node's own that has so much of a card's memory goes first as well; 0 is none.
    pause_for_card_mib: Annotated[float, Field(ge=0)] = 0.0
    #: Ceilings; 0 sets none. Temperatures are in degrees Celsius.
    max_card_celsius: Annotated[float, Field(ge=0, le=150)] = 0.0
    max_processor_celsius: Annotated[float, Field(ge=0, le=150)] = 0.0
    max_card_watts: Annotated[float, Field(ge=0)] = 0.0
    #: What all programs together may have of a card's memory before the node lets its models go.
    max_card_memory_mib: Annotated[float, Field(ge=0)] = 0.0
    #: Whether `/metrics` answers to others than this machine.
    metrics_public: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("urls")
    @classmethod
    def _are_addresses(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
                raise ValueError(f"{url!r} is no address such as https://gpu.example.org:8443")
            _ = parts.port  # raises if it is none
        return urls

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name:
            try:
                ZoneInfo(name)
            except (OSError, ValueError, KeyError) as error:
                raise ValueError(f"{name!r} is no time zone") from error
        return name

    @field_validator("devices")
    @classmethod
    def _are_different(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[tuple[str, str]] = set()
        for name in devices:
            kind, _, index = name.partition(":")
            # CUDA and TensorRT are two ways to one card, and so are the processor's two.
            hardware = {"tensorrt": "cuda", "openvino": "cpu"}.get(kind, kind)
            if (hardware, index or "0") in seen:
                raise ValueError(f"{name} is named twice; each device stands for one")
            seen.add((hardware, index or "0"))
        return devices

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        try:
            Schedule(hours)
        except ArtratorError as error:
            raise ValueError(f"{error.message} {error.cure}") from error
        return hours

    @property
    def local_url(self) -> str:
        """Where the node answers programs on its own machine."""
        return own_url(self.host, self.port)

    @property
    def zone(self) -> tzinfo | None:
        """Whose clock the hours are meant by; None is this machine's."""
        return ZoneInfo(self.timezone) if self.timezone else None

    @property
    def memory_bytes(self) -> int:
        """The memory budget."""
        return self.memory_mib * _MIB if self.memory_mib else int((machine_memory() or _UNKNOWN_MEMORY) * 0.6)

    @property
    def request_bytes(self) -> int:
        """The most one request may weigh."""
        return self.request_mib * _MIB

    @property
    def reserve_bytes(self) -> int:
        """The free disk space that is never touched."""
        return self.reserve_mib * _MIB

    @property
    def derived_bytes(self) -> int:
        """What derived graphs may take of the disk."""
        return self.derived_mib * _MIB

    def to_toml(self) -> str:
        """The file: every setting, so that the owner sees what there is to change."""
        # A JSON string, number, boolean or list of strings is also a TOML one.
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in self if value is not None]
        return (
            "# The settings of this Artrator node; `docs/reference/node.md` explains each.\n" + "\n".join(lines) + "\n"
        )


@dataclass(frozen=True)
class Paths:
    """The node's data folder."""

    root: Path

    @property
    def settings(self) -> Path:
        """The owner's decisions."""
        return self.root / "node.toml"

    @property
    def lock(self) -> Path:
        """Held by the node that serves: see ``alone``."""
        return self.root / "serve.lock"

    @property
    def receipt_key(self) -> Path:
        """Signs receipts; its id is the node's."""
        return self.root / "keys" / "receipt.pem"

    @property
    def tls_key(self) -> Path:
        """Of the certificate."""
        return self.root / "keys" / "tls.pem"

    @property
    def tls_certificate(self) -> Path:
        """What buyers pin."""
        return self.root / "keys" / "tls.crt"

    @property
    def keyset(self) -> Path:
        """The registry's ticket keys as they were last heard."""
        return self.root / "keyset.json"

    @property
    def journal(self) -> Path:
        """Jobs, receipts and what was measured: see ``journal``."""
        return self.root / "journal.db"

    @property
    def served(self) -> Path:
        """An entry for each package: see ``catalogue``."""
        return self.root / "served"

    @property
    def revoked(self) -> Path:
        """Licences that were taken back."""
        return self.root / "revoked.json"

    @property
    def spool(self) -> Path:
        """What buyers sent, until their job has ended: see ``files``."""
        return self.root / "spool"

    @property
    def outputs(self) -> Path:
        """What was made for them, for the retention time."""
        return self.root / "outputs"

    @property
    def derived(self) -> Path:
        """Graphs that were optimised for this processor; may be deleted at any time."""
        return self.root / "derived"

    @property
    def compiled(self) -> Path:
        """What compilers of devices keep; may be deleted at any time."""
        return self.root / "compiled"


def load(paths: Paths) -> Settings:
    """Read ``node.toml``.

    Raises:
        ArtratorError: ``request_invalid`` that names the setting.
    """
    try:
        return checked(tomllib.loads(paths.settings.read_text(encoding="utf-8")), f" in {paths.settings}")
    except FileNotFoundError as error:
        raise ArtratorError(
            Code.NOT_FOUND, f"There is no node in {paths.root}.", cure="Run `artrator node init` first."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"{paths.settings} is not TOML: {error}.",
            cure="Correct it; it is text in UTF-8.",
        ) from error


def checked(values: Mapping[str, object], where: str = "") -> Settings:
    """Settings of these values, which stand ``where``.

    Raises:
        ArtratorError: ``request_invalid`` that names the setting.
    """
    try:
        return Settings.model_validate(values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"The setting {name}{where} is wrong: {first['msg'].removeprefix('Value error, ')}.",
            cure="Correct it; `docs/reference/node.md` lists the settings.",
        ) from error


def save(paths: Paths, settings: Settings) -> None:
    """Write ``node.toml``."""
    paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(paths.settings, settings.to_toml().encode())
