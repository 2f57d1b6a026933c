from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_ln.cli.main import app
from robustbench_ln.cli.predict import _class_names
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.modes import MODES
from tests.cli.conftest import Lab

NAMES = ["airplane", "bird", "cat", "deer", "dog"]


@pytest.fixture
def pictures(lab: Lab) -> list[str]:
    files = []
    with np.load(lab.folder / "data.npz") as data:
        for index in range(3):
            file = lab.folder / f"{index}.png"
            Image.fromarray(data["images"][index]).save(file)
            files.append(str(file))
    (lab.folder / "classes.txt").write_text("\n".join(NAMES) + "\n")
    return files


def command(lab: Lab, *extra: str) -> list[str]:
    model = f"{lab.folder}/net.py:network"
    return ["predict", str(lab.folder / "net.pt"), "--model", model, "--normalize", "none", *extra]


def table(out: str) -> dict[tuple[str, str], list[str]]:
    """(picture, mode) -> the words of its line."""
    found, picture = {}, ""
    ids = {mode.title: name for name, mode in MODES.items()}
    for line in out.splitlines():
        if line.startswith("  "):
            title, words = re.split(r"\s{2,}", line.strip(), maxsplit=1)
            found[picture, ids[title]] = words.split()
        else:
            picture = line
    return found


def expected_row(lab: Lab, picture: str) -> list[str]:
    scope: dict = {}
    exec((lab.folder / "net.py").read_text(), scope)
    network = scope["network"]().eval()
    network.load_state_dict(torch.load(lab.folder / "net.pt"))
    pixels = torch.from_numpy(np.asarray(Image.open(picture)).copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        probability = network(pixels).softmax(dim=-1)[0]
    words = []
    for index in probability.argsort(descending=True).tolist():
        words += [NAMES[index], f"{100 * probability[index]:.1f}", "%"]
    return words


def test_the_table_has_each_picture_and_mode(lab, ln_bench, pictures):
    outcome = ln_bench(*command(lab, *pictures, "--classes", f"{lab.folder}/classes.txt"))
    assert outcome.code == 0, outcome.err
    rows = table(outcome.out)
    modes = ["bn", "dbn-batch", "dbn-single", "dbn-single-rot90"]
    assert list(rows) == [(picture, mode) for picture in pictures for mode in modes]
    for picture in pictures:
        assert rows[picture, "bn"] == expected_row(lab, picture)
    last = outcome.out.splitlines()[-1]
    assert last == "Statistics of all 3 pictures as one set: Dynamic BN-Batch"


def test_modes_have_the_papers_names_or_ids(lab, ln_bench, pictures):
    words = command(lab, pictures[0], "--modes", "dbn-batch")
    assert "Dynamic BN-Batch" in ln_bench(*words).out
    ids = ln_bench(*words, "--names", "ids").out
    assert ids.splitlines()[-1] == "Statistics of the one picture as one set: dbn-batch"
    assert "Dynamic" not in ids


def test_sets_hold_all_pictures_and_single_modes_one(lab, ln_bench, pictures):
    extra = ["--modes", "bn,dbn-batch,dbn-single"]
    together = table(ln_bench(*command(lab, *pictures, *extra)).out)
    alone = ln_bench(*command(lab, pictures[0], *extra)).out
    assert alone.splitlines()[-1] == "Statistics of the one picture as one set: Dynamic BN-Batch"
    rows = table(alone)
    assert rows[pictures[0], "dbn-batch"] == rows[pictures[0], "dbn-single"]
    assert rows[pictures[0], "dbn-single"] == together[pictures[0], "dbn-single"]
    assert rows[pictures[0], "dbn-batch"] != together[pictures[0], "dbn-batch"]
    assert rows[pictures[0], "bn"][0].isdecimal()


def test_the_sheet_is_a_picture_and_is_not_overwritten(lab, ln_bench, refuses, pictures):
    sheet = lab.folder / "sheet.png"
    words = command(lab, *pictures, "--modes", "bn", "--sheet", str(sheet))
    assert ln_bench(*words).code == 0
    with Image.open(sheet) as image:
        assert image.format == "PNG"
        first = image.tobytes()
    assert "sheet.png exists; give another --sheet, or --overwrite" in refuses(*words)
    words[words.index("--normalize") + 1] = "symmetric"
    assert ln_bench(*words, "--overwrite").code == 0
    with Image.open(sheet) as image:
        assert image.tobytes() != first


def test_framing_votes_and_seed_arrive(lab, ln_bench, pictures):
    whole = table(ln_bench(*command(lab, pictures[0], "--modes", "bn")).out)
    cropped = table(ln_bench(*command(lab, pictures[0], "--modes", "bn", "--crop", "8")).out)
    scaled = table(ln_bench(*command(lab, pictures[0], "--modes", "bn", "--resize", "9")).out)
    bicubic = ["--modes", "bn", "--resize", "9", "--interpolation", "bicubic"]
    other = table(ln_bench(*command(lab, pictures[0], *bicubic)).out)
    rows = [str(found[pictures[0], "bn"]) for found in (whole, cropped, scaled, other)]
    assert len(set(rows)) == 4
    from robustbench_ln.norms import convert_batchnorm
    from tests.norms.networks import settle

    scope: dict = {}
    exec((lab.folder / "net.py").read_text(), scope)
    local = settle(convert_batchnorm(scope["network"](), 4).model)
    torch.save(local.state_dict(), lab.folder / "net.pt")
    voted = table(ln_bench(*command(lab, *pictures, "--modes", "ln-single-voting")).out)
    for words in voted.values():
        votes = [word for word in words if "/" in word]
        assert sum(int(vote.partition("/")[0]) for vote in votes) == 4
        assert all(vote.endswith("/4") for vote in votes)
    picks = {ln_bench(*command(lab, *pictures, "--modes", "ln-single", "--seed", s)).out
             for s in "012345"}  # fmt: skip
    assert len(picks) > 1


def test_degraded_copies_and_verdicts_stand_beside_the_pictures(lab, ln_bench, pictures):
    classes = ["--classes", f"{lab.folder}/classes.txt", "--modes", "bn,dbn-batch"]
    for index in range(3):
        half = np.rint(np.asarray(Image.open(pictures[index])) * 0.5).astype(np.uint8)
        Image.fromarray(half).save(lab.folder / f"half{index}.png")
    halves = [f"{lab.folder}/half{index}.png" for index in range(3)]
    plain = table(ln_bench(*command(lab, *pictures, *classes)).out)
    dark = table(ln_bench(*command(lab, *halves, *classes)).out)
    extra = ["--degrade", "brightness:0.5,contrast:0.1", "--true-class", "cat"]
    sheet = lab.folder / "sheet.png"
    outcome = ln_bench(*command(lab, *pictures, *classes, *extra, "--sheet", str(sheet)))
    assert outcome.code == 0, outcome.err
    rows = table(outcome.out)
    assert len(rows) == 18
    for picture, half in zip(pictures, halves, strict=True):
        for mode in ("bn", "dbn-batch"):
            for caption, expected in (
                ("", plain[picture, mode]),
                ("brightness 50 %, ", dark[half, mode]),
            ):
                verdict = "right" if expected[0] == "cat" else "wrong"
                got = rows[f"{picture}, {caption}true class cat", mode]
                assert got == [verdict, *expected]
    last = outcome.out.splitlines()[-1]
    assert last == (
        "Statistics of all 3 pictures as one set, each degradation by itself: Dynamic BN-Batch"
    )
    with Image.open(sheet) as image:
        assert image.size == (16 + 168 + 2 * 260, 28 + 9 * (168 + 28 + 36 + 16))


def test_each_picture_may_have_its_class_by_name_or_number(lab, ln_bench, pictures):
    given = ["--true-class", "1", "--true-class", "dog", "--true-class", "0"]
    classes = ["--classes", f"{lab.folder}/classes.txt", "--modes", "bn"]
    rows = table(ln_bench(*command(lab, *pictures, *classes, *given)).out)
    names = [picture.rpartition(" ")[2] for picture, _ in rows]
    assert names == ["bird", "dog", "airplane"]
    (lab.folder / "numbers.txt").write_text("4\n3\n2\n1\n0\n")
    classes[1] = f"{lab.folder}/numbers.txt"
    outcome = ln_bench(*command(lab, pictures[0], *classes, "--true-class", "4"))
    assert outcome.out.splitlines()[0].endswith("true class 4"), "a name comes before a number"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--degrade", "brightness:2"], "--degrade brightness:2: the factor is what is left"),
        (["--degrade", "fog:3"], "unknown degradation 'fog'; choose from brightness, contrast"),
        (["--true-class", "5"], "--true-class 5 is no class; expected 0 to 4, or a name of"),
        (["--true-class", "cat"], "--true-class cat is no class"),
        (["--true-class", "²"], "--true-class ² is no class"),
        (["--true-class", "9" * 5000], "is no class"),
        (
            ["--true-class", "1", "--true-class", "2"],
            "--true-class is given 2 times for 1 picture;",
        ),
        (
            ["--true-class", "a", "--classes", "{folder}/same.txt"],
            "a is the name of classes 0 and 2;",
        ),
        (["--modes", "dbn"], "unknown mode 'dbn'"),
        (["--modes", "ln-voting"], "--modes ln-voting: needs LocalNorm groups"),
        (["--classes", "{folder}/none.txt"], "none.txt cannot be read; expected one name a line"),
        (["--classes", "{folder}/net.py"], "names, the network has 5 classes"),
        (["--crop", "40"], "0.png is 12x12, smaller than --crop 40"),
        (["--ties", "best"], "unknown --ties rule 'best'"),
        (["--device", "tpu9"], "--device tpu9"),
        (["{folder}/wide.png"], "wide.png is 12x20, "),
        (["{folder}/missing.png"], "missing.png"),
        (["{folder}/net.pt"], "net.pt"),
    ],
)
def test_wrong_input_is_one_line(lab, refuses, pictures, extra, message):
    Image.new("RGB", (20, 12)).save(lab.folder / "wide.png")
    (lab.folder / "same.txt").write_text("a\nb\na\nc\nd\n")
    words = [word.format(folder=lab.folder) for word in extra]
    assert message in refuses(*command(lab, pictures[0], *words))


def test_normalize_is_required(lab, refuses, pictures):
    words = command(lab, pictures[0])
    at = words.index("--normalize")
    assert "--normalize is missing" in refuses(*words[:at], *words[at + 2 :])


def test_the_command_is_listed():
    assert "predict" in [command.callback.__name__ for command in app.registered_commands]


def test_classes_of_a_hugging_face_folder_have_their_names(tmp_path):
    config = {"model_type": "vit", "id2label": {"0": "cat\x1b[2J", "1": "dog"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    folder, file = NetworkSource(path=f"hf:{tmp_path}"), tmp_path / "names.txt"
    file.write_text("a\nb\n")
    assert [_class_names(None, folder, 2)(index) for index in range(2)] == ["cat\\x1b[2J", "dog"]
    assert [_class_names(file, folder, 2)(index) for index in range(2)] == ["a", "b"]
    assert _class_names(None, NetworkSource(path="net.pt", arch="resnet20"), 2)(1) == "1"
