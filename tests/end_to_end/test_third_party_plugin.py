"""A stranger's plugin on a real node, beside a broken and a hostile one: the picture is made, paid and receipted."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from federation import federation
from wheels import pack_base_wheels, write_wheel

TEMPLATE = Path(__file__).parents[2] / "examples" / "plugin-template"


@pytest.mark.slow
def test_a_strangers_backend_is_sold_beside_a_broken_and_a_hostile_one(tmp_path: Path, photo: bytes) -> None:
    wheelhouse = pack_base_wheels(tmp_path / "wheelhouse")
    marker = tmp_path / "marker"
    hostile = f"import pathlib; pathlib.Path({str(marker)!r}).write_text('ran')\n"
    broken = write_wheel(
        tmp_path, "broken", {"broken.py": "raise RuntimeError('no luck')\n"}, entry_points={"broken": "broken"}
    )
    sneaky = write_wheel(
        tmp_path, "sneaky", {"sneaky.py": hostile, "sneaky.pth": hostile}, entry_points={"sneaky": "sneaky"}
    )
    source = shutil.copytree(TEMPLATE, tmp_path / "elsewhere")
    with federation(tmp_path / "federation") as running:
        for plugin, *options in ([source, "--trust-build"], [broken], [sneaky]):
            done = running.creator.run(
                "plugins", "install", str(plugin), "--yes", "--find-links", str(wheelhouse), *options
            )
            assert done.returncode == 0, done.stderr
        running.publish(source / "package", "--base", "3")
        running.start_node()
        buyer = running.person("mina", 100)
        result = buyer.buy("atelier/sepia", {"strength": 1.0}, {"image": photo})

        picture = np.asarray(PIL.Image.open(io.BytesIO(result.outputs[0].data)).convert("RGB")).astype(int)
        assert picture[..., 0].mean() > picture[..., 1].mean() > picture[..., 2].mean()
        assert (result.settled, result.charged, buyer.balance().available) == (True, 3_000_000, 97_000_000)
        listed = json.loads(running.creator.run("plugins", "list", "--json").stdout)["plugins"]
        assert {"artrator-sepia", "broken", "sneaky", "artrator-onnx"} <= {plugin["name"] for plugin in listed}
        assert "no difference" in running.audit()
    assert not marker.exists()
