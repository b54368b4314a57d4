"""The manifest: read whole when it is right, refused with every line and cure when it is not."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import MANIFEST

from artrator import ArtratorError, Code, Manifest
from artrator.manifest import InputType
from artrator.package import from_validated, read_manifest
from artrator.package.manifest_inputs import FIELDS


def refused(text: str) -> list[str]:
    with pytest.raises(ArtratorError) as caught:
        read_manifest(text)
    assert caught.value.code is Code.MANIFEST_INVALID
    return [
        f"{problem['file']}:{problem['line']}: {problem['message']} {problem['cure']}"
        for problem in caught.value.details["problems"]
    ]


def changed(old: str, new: str) -> str:
    assert old in MANIFEST
    return MANIFEST.replace(old, new, 1)


def test_a_right_manifest_is_read_whole() -> None:
    manifest = read_manifest(MANIFEST)
    assert isinstance(manifest, Manifest)
    assert manifest.title == {"en": "Test model", "ko": "시험 모델"}
    assert list(manifest.inputs) == [
        *("prompt", "steps", "width", "strength", "style", "hd", "seed", "start", "frames"),
    ]
    assert manifest.inputs["prompt"].required
    assert not manifest.inputs["start"].required
    assert manifest.inputs["steps"].default == 25
    assert manifest.inputs["seed"].random
    assert manifest.inputs["seed"].maximum == 2**32 - 1
    assert [choice.value for choice in manifest.inputs["style"].choices] == ["ink", "oil"]
    assert manifest.rights.commercial
    assert not manifest.rights.derivatives
    assert [unit.name for unit in manifest.cost.units] == ["step", "work", "seen", "frame"]
    assert manifest.settings == {"graph": "model.onnx"}
    assert manifest.text == MANIFEST


def test_a_worker_reads_the_same_manifest() -> None:
    assert from_validated(MANIFEST) == read_manifest(MANIFEST)


def test_a_package_that_says_nothing_of_cost_costs_by_the_run() -> None:
    start = MANIFEST.index("[cost.step]")
    manifest = read_manifest(MANIFEST[:start] + MANIFEST[MANIFEST.index("[settings]") :])
    assert [(unit.name, unit.factors) for unit in manifest.cost.units] == [("run", ())]


def test_the_default_above_maximum_names_line_value_and_cure() -> None:
    text = changed("default = 25", "default = 99")
    line = text.splitlines().index("default = 99") + 1
    assert refused(text) == [
        f"artrator.toml:{line}: inputs.steps.default 99 is above maximum 50. Lower the default or raise maximum."
    ]


def test_all_problems_are_told_at_once_by_line() -> None:
    text = MANIFEST
    for old, new in [
        ('version = "1.2.0"', 'version = "one"'),
        ('license = "Apache-2.0"', 'license = "OpenRAIL-M"'),
        ("maximum = 50", "maxmum = 50"),
        ('factors = ["steps"]', 'factors = ["stepz"]'),
    ]:
        text = text.replace(old, new, 1)
    found = refused(text)
    assert len(found) >= 4
    numbers = [int(re.findall(r":(\d+):", line)[0]) for line in found]
    assert numbers == sorted(numbers)
    with pytest.raises(ArtratorError) as caught:
        read_manifest(text)
    assert caught.value.message.count("\n") == len(found) - 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "test-model"', 'name = "Test_Model"', "name 'Test_Model' is not small letters"),
        ('name = "test-model"', 'nam = "test-model"', "nam is not a known field. Did you mean name?"),
        ('version = "1.2.0"', 'version = "1.02.0"', 'Write "1.2.0".'),
        ('version = "1.2.0"', 'version = "1.2+local"', "local part"),
        ('version = "1.2.0"', "version = 1.2", "version is not text"),
        ('license = "Apache-2.0"', 'license = "apache-2.0"', 'Write "Apache-2.0".'),
        ('license = "Apache-2.0"', 'license = "MIT AND"', "not a licence expression"),
        ('license = "Apache-2.0"', 'license = "NONE"', "NONE is not an SPDX licence"),
        ('license = "Apache-2.0"', 'license = "CreativeML-OpenRAIL-M"', "LicenseRef-CreativeML-OpenRAIL-M"),
        ('license = "Apache-2.0"', 'license = "LicenseRef-Mine"', "Add license_file"),
        ('license = "Apache-2.0"', 'license = "MIT"\nlicense_file = "../L"', "has an empty, . or .. part"),
        ('{ en = "Test model", ko = "시험 모델" }', '{ ko = "시험 모델" }', "title has no English text"),
        ('{ en = "Test model", ko = "시험 모델" }', '{ en = "x", Korean = "시험" }', "names the language 'Korean'"),
        ('"Paints what it is told."', '"Paints\\u202e"', "hidden control character"),
        ('"Paints what it is told."', '""', "summary has 0 characters"),
        ('tags = ["test", "paint"]', 'tags = ["test", "test"]', "tags[2] 'test' is there twice"),
        ('tags = ["test", "paint"]', 'tags = "test"', "tags is not a list"),
        ("commercial = true", "commercial = 1", "rights.commercial is not true or false"),
        ("commercial = true", "comercial = true", "Did you mean commercial?"),
        ("[inputs.prompt]", "[inputs.Prompt]", "inputs.Prompt: the name is not 1 to 40 small letters"),
        ('type = "text"', 'type = "string"', "inputs.prompt.type 'string' is not a type"),
        ('type = "text"\n', "", "inputs.prompt lacks type"),
        ('label = "Prompt"\n', "", "inputs.prompt lacks label"),
        ("max_length = 100", "maximum = 100", "Inputs of type text have no maximum"),
        ("max_length = 100", "max_length = 0", "inputs.prompt.max_length 0 is outside"),
        ("max_length = 100", "required = 1", "inputs.prompt.required is not true or false"),
        ("minimum = 1\n", "minimum = 51\n", "inputs.steps.minimum 51 is above maximum 50"),
        ("default = 25", "default = 2.5", "inputs.steps.default is not a whole number"),
        ("default = 25", "default = true", "inputs.steps.default is not a whole number"),
        ("default = 25", "default = 25\nrequired = true", "Take required out"),
        ("step = 8", "step = 0", "inputs.width.step 0 is not above zero"),
        ("default = 256", "default = 257", "inputs.width.default 257 is not 64 plus a multiple of 8"),
        ("maximum = 1.0", "maximum = inf", "inputs.strength.maximum inf is too large"),
        ("default = 0.5", "default = nan", "inputs.strength.default nan is too large"),
        ("default = 0.5", "default = -0.5", "Raise the default or lower minimum."),
        ('choices = ["ink", { value = "oil", label = "Oil paint" }]', "choices = []", "list of 1 to 500 choices"),
        ('choices = ["ink", { value = "oil", label = "Oil paint" }]', 'choices = ["ink", "ink"]', "there twice"),
        ('default = "ink"', 'default = "wax"', "Choose one of: ink, oil."),
        ("random = true", "random = true\ndefault = 7", "inputs.seed.default is never used"),
        ("max_side = 1024", "max_side = 1024\ndefault = 1", "Inputs of type image have no default"),
        ('type = "image"\nlabel = "Image"', 'type = "picture"\nlabel = "Image"', "outputs.image.type 'picture'"),
        ('[outputs.image]\ntype = "image"\nlabel = "Image"\n', "", "outputs is missing"),
        ('factors = ["steps"]', 'factors = ["prompt"]', "is of type text, which cannot be counted"),
        ('factors = ["steps"]', 'factors = ["seed"]', "is a random seed"),
        ('factors = ["steps"]', 'factors = ["start"]', "Write start.pixels or start.count"),
        ('factors = ["steps"]', 'factors = ["steps.pixels"]', "is no image"),
        ("maximum = 50\n", "", "is not bounded"),
        ("[cost.step]", "[cost.base]", "is the name of the price of every run"),
        ("[settings]", '[[samples]]\nfile = "a.gif"\n[settings]', "no PNG, JPEG or WebP by its name"),
        ("[settings]", '[[samples]]\nfile = "/a.png"\n[settings]', "is absolute"),
        ("[settings]", '[[samples]]\nfile = "a.png"\ninputs = { steps = 99 }\n[settings]', "99 is above maximum 50"),
        ("[settings]", '[[samples]]\nfile = "a.png"\ninputs = { stps = 9 }\n[settings]', "Did you mean steps?"),
        ("[settings]", "[setings]", "setings is not a known field. Did you mean settings?"),
        ("[settings]", "[settings", "This is not TOML"),
    ],
)
def test_each_mistake_is_named_with_its_cure(old: str, new: str, expected: str) -> None:
    found = refused(changed(old, new))
    assert any(expected in line for line in found), found


def test_a_toml_mistake_names_its_line() -> None:
    text = changed("default = 25", "default = 25 25")
    line = text.splitlines().index("default = 25 25") + 1
    assert refused(text)[0].startswith(f"artrator.toml:{line}: This is not TOML")


def test_deep_nesting_is_refused_and_crashes_nothing() -> None:
    assert "nested too deep" in refused("x = " + "[" * 50_000 + "]" * 50_000)[0]


def test_an_endless_number_is_refused() -> None:
    assert refused("x = " + "9" * 100_000)


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 5_000 + " = 1",
        "[" + "a . " * 5_000 + "a]",
        "[[" + '"a.b".' * 5_000 + "a]]",
        "'a'." * 33 + "a = 1",
        '"""' + '\\"' * 100_000 + "\n" + "a." * 40,  # a text that never ends
    ],
)
def test_a_key_of_very_many_parts_is_refused_unread(text: str) -> None:
    """Every beginning of it would be kept: what fits into a manifest took 24 GB and more of a registry."""
    began = time.process_time()
    assert refused(text)
    assert time.process_time() - began < 5
    if not text.startswith('"""'):
        assert "more than 32 parts" in refused(text)[0]


def test_dots_that_part_no_key_are_texts() -> None:
    dots = "." * 100
    for text in (f'"{dots}"', f"'{dots}'", f'"""{dots}\n\\"{dots}"""', f"'''{dots}'{dots}'''"):
        assert read_manifest(changed("[inputs.steps]", f"# {dots}\n[inputs.steps]") + f"dots = {text}\n")


def test_a_whole_number_that_no_float_holds_is_too_large() -> None:
    found = refused(changed("default = 25", "default = " + "9" * 400))
    assert any("too large" in line for line in found), found


def test_a_manifest_that_is_too_long_is_refused() -> None:
    assert "262144 bytes" in refused("# " + "x" * 300_000)[0]


@pytest.mark.parametrize("licence", ["MIT", "Apache-2.0 AND CC-BY-4.0", "GPL-3.0-only WITH Classpath-exception-2.0"])
def test_spdx_licences_are_taken(licence: str) -> None:
    assert read_manifest(changed('"Apache-2.0"', f'"{licence}"')).license == licence


def test_a_licence_of_ones_own_is_taken_with_its_text() -> None:
    manifest = read_manifest(changed('"Apache-2.0"', '"LicenseRef-Mine"\nlicense_file = "LICENSE.txt"'))
    assert manifest.license_file == "LICENSE.txt"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(MANIFEST)), st.integers(0, 12), st.text(max_size=12)), min_size=1, max_size=4)
)
def test_whatever_is_typed_only_catalogue_errors_come_out(edits: list[tuple[int, int, str]]) -> None:
    text = MANIFEST
    for at, length, new in edits:
        text = text[:at] + new + text[at + length :]
    try:
        read_manifest(text)
    except ArtratorError as error:
        caught = error
    else:
        return
    assert caught.code is Code.MANIFEST_INVALID
    assert all(problem["message"] and problem["cure"] for problem in caught.details["problems"])


def test_every_input_type_can_be_declared() -> None:
    for kind in InputType:
        extra = 'choices = ["a"]\n' if kind is InputType.CHOICE else ""
        manifest = read_manifest(MANIFEST + f'[inputs.more]\ntype = "{kind}"\nlabel = "More"\n{extra}')
        assert manifest.inputs["more"].type is kind
        assert manifest.inputs["more"].required


PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "package.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", InputType)
def test_the_reference_page_lists_the_fields_of_each_input_type(kind: InputType) -> None:
    rows = re.findall(rf"^\| `{kind}` \|[^|]*\| `([a-z_ ]+)` \|$", PAGE, flags=re.MULTILINE)
    assert rows == [" ".join(FIELDS[kind])]


def test_the_reference_page_lists_each_field_at_the_top() -> None:
    for field in ("name", "version", "title", "summary", "description", "task", "backend", "license", "license_file"):
        assert f"| `{field}`" in PAGE
    for table in ("rights", "inputs.NAME", "outputs.NAME", "cost.NAME", "[samples]", "settings"):
        assert f"### [{table}]" in PAGE


def test_the_example_of_the_reference_page_is_right() -> None:
    block = re.search(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert block is not None
    more = '[inputs.height]\ntype = "integer"\nlabel = "Height"\nminimum = 64\nmaximum = 512\ndefault = 64\n'
    manifest = read_manifest(MANIFEST + more + block[1])
    assert manifest.cost.units[-1].factors == ("width", "height", "steps")
