from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image

from robustbench_ln.evaluation import pass_run
from robustbench_ln.files import appended_files
from tests.cli.conftest import sharpen


def rows(lab, run: str = "run") -> list[dict]:
    lines = (lab.folder / run / "cells.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_one_command_gives_rows_tables_and_figures(lab, ln_bench):
    outcome = ln_bench(*lab.command())
    assert outcome.code == 0, outcome.err
    assert "additive Gaussian noise (AGN), paper convention, values clipped" in outcome.out
    assert "Dynamic BN ROT90" in outcome.out
    assert "to do: 12 cells" in outcome.err
    written = {p.name for p in (lab.folder / "run/report").iterdir()}
    assert {"report.md", "cells.csv", "accuracy_net_agn_paper_clip.png"} <= written
    assert len(rows(lab)) == 12
    again = ln_bench(*lab.command())
    assert again.out == outcome.out
    assert "every cell is done already" in again.err


@pytest.mark.parametrize(
    ("option", "value", "field", "expected"),
    [
        ("--stat-batch", "10", "set_size", 10),
        ("--seed", "7", "seed", 7),
        ("--limit", "20", "limit", 20),
        ("--order", "as-is", "order", "as-is"),
        ("--convention", "released", "convention", "released"),
        ("--range", "none", "range", "none"),
    ],
)
def test_each_option_arrives_in_the_rows(lab, ln_bench, option, value, field, expected):
    assert ln_bench(*lab.command("--modes", "dbn-batch", option, value)).code == 0
    assert rows(lab)[-1][field] == expected


def test_prior_ties_group_size_and_label_arrive(lab, ln_bench):
    assert (
        ln_bench(*lab.command("--modes", "bn-adapt", "--prior", "4", "--label", "mine")).code == 0
    )
    assert rows(lab)[0]["prior"] == "4"
    assert json.loads((lab.folder / "run/run.json").read_text())["label"] == "mine"
    from robustbench_ln.norms import convert_batchnorm
    from tests.norms.networks import settle

    scope: dict = {}
    exec((lab.folder / "net.py").read_text(), scope)
    local = settle(convert_batchnorm(scope["network"](), 4).model)
    torch.save(local.state_dict(), lab.folder / "net.pt")
    outcome = ln_bench(
        *lab.command("--modes", "ln-voting", "--ties", "logit-sum", "--group-size", "7", run="b")
    )
    assert outcome.code == 0, outcome.err
    row = rows(lab, "b")[0]
    assert (row["tie_rule"], row["set_size"], row["num_groups"]) == ("logit-sum", 7, 4)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--noise", "agm"], "unknown noise 'agm'; did you mean 'agn'"),
        (["--modes", "bn,dbn"], "unknown mode 'dbn'"),
        (["--modes", "all,bn"], "--modes all stands alone"),
        (["--modes", "ln-voting"], "--modes ln-voting: needs LocalNorm groups"),
        (["--sigmas", "-1"], "sigma -1 of agn: expected 0 or more"),
        (["--noise", "mbn", "--sigmas", "1.5"], "it is a probability"),
        (["--noise", ""], "--sigmas needs a noise"),
        (["--ties", "rand"], "unknown --ties rule 'rand'; did you mean 'random'"),
        (["--order", "sorted"], "unknown --order 'sorted'"),
        (["--convention", "papers"], "unknown convention 'papers'"),
        (["--device", "gpu"], "--device gpu: "),
        (["--device", "cuda:98,cuda:99"], "--device cuda:98: .*use --device cpu"),
        (["--workers", "0"], "--workers is 0; expected 1 to 1,000"),
        (["--workers", "some"], "--workers some"),
        (["--engine", "rey"], "unknown --engine 'rey'; did you mean 'ray'"),
        (["--ray-address", "head:6379"], "--ray-address is for --engine ray"),
        (["--ray-gpus", "0.5"], "--ray-gpus is for --engine ray"),
        (["--engine", "ray", "--ray-address", "ray://head"], "--ray-address ray://head: expected"),
        (["--device", "cuda:99"], "--device cuda:99: .*use --device cpu"),
        (["--normalize", "imagnet"], "unknown normalisation 'imagnet'; did you mean 'imagenet'"),
        (["--normalize", "1,2/3"], "2 means and 1 standard deviations"),
        (["--normalize", "0/0"], "every standard deviation above 0"),
        (["--normalize", "125/60"], "on the 0..1 pixel scale; divide by 255"),
        (["--normalize", "mnist"], None),
        (["--arch", "resnet20"], "one of the two"),
        (["--stat-batch", "0"], "--stat-batch is 0"),
        (["--stat-batch", "x"], "--stat-batch"),
        (["--mode", "bn"], "No such option: --mode"),
        (["--data", "cifar10-c:"], "--data 'cifar10-c:': expected KIND:PATH"),
        (["--data", "cifar10c:x"], "unknown --data kind 'cifar10c'; did you mean 'cifar10-c'"),
        (["--data", "arrays:none.npz"], "none.npz: no such file"),
        (["--resize", "8"], "--resize and --crop are for folder"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(lab, refuses, ln_bench, extra, message):
    import re

    if message is None:  # one value serves every channel
        assert ln_bench(*lab.command(*extra)).code == 0
        return
    assert re.search(message, refuses(*lab.command(*extra)))
    assert not (lab.folder / "run").exists()


def test_a_missing_normalize_is_asked_for(lab, refuses):
    command = lab.command()
    where = command.index("--normalize")
    line = refuses(*command[:where], *command[where + 2 :])
    assert "--normalize is missing" in line
    assert "imagenet" in line


def test_wrong_images_and_weights_are_one_line(lab, refuses):
    archive = dict(np.load(lab.folder / "data.npz"))
    np.savez(lab.folder / "data.npz", images=archive["images"], labels=archive["labels"] + 3)
    assert "the network has 5 classes (0..4)" in refuses(*lab.command())
    np.savez(lab.folder / "data.npz", images=archive["images"][:, :2, :2], labels=archive["labels"])
    assert "the network cannot take images of 2x2" in refuses(*lab.command())
    np.savez(lab.folder / "data.npz", **archive)
    state = torch.load(lab.folder / "net.pt")
    torch.save(state | {"7.bias": torch.full((5,), float("nan"))}, lab.folder / "net.pt")
    assert "7.bias" in refuses(*lab.command())
    (lab.folder / "net.pt").write_bytes(b"<html>Not found</html>")
    refuses(*lab.command())
    assert not (lab.folder / "run").exists()


def test_a_run_of_another_checkpoint_is_refused(lab, ln_bench, refuses):
    assert ln_bench(*lab.command("--modes", "bn")).code == 0
    state = torch.load(lab.folder / "net.pt")
    torch.save(state | {"7.bias": state["7.bias"] + 1}, lab.folder / "net.pt")
    assert "holds a run whose checkpoint sha256 is " in refuses(*lab.command("--modes", "bn"))


def test_a_run_in_use_is_refused(lab, refuses):
    (lab.folder / "run").mkdir()
    with FileLock(lab.folder / "run/lock"):
        assert "is in use by another ln-bench" in refuses(*lab.command())


def test_a_full_disk_is_one_line_and_what_was_finished_stays(lab, ln_bench, monkeypatch):
    calls, sync = [], appended_files.os.fsync

    def fill_up(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 8:  # the third cell's line, after its predictions
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(appended_files.os, "fsync", fill_up)
    outcome = ln_bench(*lab.command("--modes", "bn"))
    assert outcome.code == 2
    assert "No space left on device; free some space and run the same" in outcome.err
    assert len(rows(lab)) == 2
    assert (lab.folder / "run/cells.jsonl").read_bytes().endswith(b"\n")
    monkeypatch.undo()


def test_an_interrupt_leaves_a_run_that_goes_on(lab, ln_bench, monkeypatch):
    real, calls = pass_run._PassRun.finish, []

    def interrupt(self):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self)

    monkeypatch.setattr(pass_run._PassRun, "finish", interrupt)
    outcome = ln_bench(*lab.command("--modes", "bn"))
    assert outcome.code == 130
    assert "rerun a command with --out DIR to resume it" in outcome.err
    assert "Traceback" not in outcome.err
    assert len(rows(lab)) == 1
    assert ln_bench(*lab.command("--modes", "bn")).code == 0
    assert len(rows(lab)) == 3


def test_class_ordered_images_are_warned_of(lab, ln_bench):
    archive = dict(np.load(lab.folder / "data.npz"))
    order = np.argsort(archive["labels"])
    np.savez(lab.folder / "data.npz", **{k: v[order] for k, v in archive.items()})
    outcome = ln_bench(*lab.command("--modes", "dbn-batch", "--order", "as-is"))
    assert "Warning: the images are in the order of their classes" in outcome.err
    shuffled = ln_bench(*lab.command("--modes", "dbn-batch", run="b"))
    assert "in the order of their classes" not in shuffled.err


def test_common_corruptions_are_made_while_evaluating(lab, ln_bench, refuses):
    archive = dict(np.load(lab.folder / "data.npz"))
    pixels = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3)).astype(np.uint8)
    np.savez(lab.folder / "data.npz", images=pixels, labels=archive["labels"][:20])
    words = [
        *lab.command("--modes", "bn", "--noise", "agn", "--sigmas", "1"),
        "--corruptions", "fog,jpeg_compression", "--severities", "1,5",
    ]  # fmt: skip
    assert "needs --severity-table cifar10-c or imagenet-c" in refuses(*words)
    outcome = ln_bench(*words, "--severity-table", "cifar10-c")
    assert outcome.code == 0, outcome.err
    kinds = [(r["corruption"], r["severity"], r["severity_table"]) for r in rows(lab)]
    assert kinds == [
        ("clean", 0.0, None), ("agn", 1.0, None),
        ("fog", 1.0, "cifar10-c"), ("fog", 5.0, "cifar10-c"),
        ("jpeg_compression", 1.0, "cifar10-c"), ("jpeg_compression", 5.0, "cifar10-c"),
    ]  # fmt: skip
    assert "corruptions made by ln-bench with the severities of CIFAR-10-C" in outcome.out
    assert "--severities 6" in refuses(*words, "--severities", "6")


def test_a_stored_set_gives_the_rows_of_the_same_images_made_here(lab, ln_bench, refuses):
    data, made = f"arrays:{lab.folder}/data.npz", str(lab.folder / "made")
    chosen = ("--corruptions", "fog,contrast", "--severities", "2,5")
    table = ("--severity-table", "cifar10-c")
    assert ln_bench("corrupt", data, *chosen, *table, "--out", made).code == 0
    modes = ("--modes", "bn,dbn-batch", "--noise", "")
    command = [word for word in lab.command() if word not in ("--sigmas", "0,0.5,1")]
    assert ln_bench(*command, *modes, *chosen, *table).code == 0
    stored = ("--data", f"cifar10-c:{made}", "--clean", data, "--out", str(lab.folder / "stored"))
    assert ln_bench(*command, *modes, *stored).code == 0
    vary = ("seconds", "corrupted_sha256")

    def counts(run: str) -> set[str]:
        return {repr(sorted((k, str(r[k])) for k in r if k not in vary)) for r in rows(lab, run)}

    assert counts("stored") == counts("run")
    assert len(counts("run")) == 10
    hashes = {(r["corruption"], r["corrupted_sha256"]) for r in rows(lab, "stored")}
    assert {name for name, digest in hashes if digest} == {"fog", "contrast"}
    again = ln_bench(*command, *modes, *stored)
    assert "every cell is done already" in again.err
    assert "needs its clean images" in refuses(*command, *modes, *stored[:2])
    assert "--clean is for sets that are corrupted" in refuses(*command, *modes, "--clean", data)
    assert "are made already" in refuses(*command, *modes, *stored, *table)


def test_a_shifted_set_is_evaluated_without_clean_images(lab, ln_bench, refuses):
    shifted = lab.folder / "shifted"
    shifted.mkdir()
    with np.load(lab.folder / "data.npz") as arrays:
        np.save(shifted / "v6.npy", arrays["images"])
        np.save(shifted / "labels.npy", arrays["labels"])
    command = [*lab.command("--modes", "bn", "--data", f"corrupted:{shifted}")]
    assert "--noise acts on clean images" in refuses(*command)
    command = [word for word in command if word not in ("--noise", "agn", "--sigmas", "0,0.5,1")]
    outcome = ln_bench(*command)
    assert outcome.code == 0, outcome.err
    assert [(r["corruption"], r["origin"]) for r in rows(lab)] == [("v6", "official")]
    assert "v6" in outcome.out


def test_a_resumed_run_notices_other_code(lab, ln_bench, refuses):
    assert ln_bench(*lab.command("--modes", "bn")).code == 0
    code = lab.folder / "net.py"
    original = code.read_text()
    code.write_text(original.replace("nn.ReLU()", "nn.Tanh()"))
    line = refuses(*lab.command("--modes", "bn"))
    assert "run holds a run of other code of --model: " in line
    assert "net.py:network, or what it imports, was changed since. Put it back, or" in line
    code.write_text(original)
    assert ln_bench(*lab.command("--modes", "bn")).code == 0


def test_a_run_without_a_digest_of_its_code_goes_on_and_gains_it(lab, ln_bench, refuses):
    assert ln_bench(*lab.command("--modes", "bn")).code == 0
    file = lab.folder / "run/run.json"
    about = json.loads(file.read_text())
    about["schema"], digest = 2, about["checkpoint"].pop("code_sha256")
    file.write_text(json.dumps(about))
    outcome = ln_bench(*lab.command("--modes", "bn,dbn-batch"))
    assert outcome.code == 0
    assert "Note: this run did not record which code of --model made its rows" in outcome.err
    assert json.loads(file.read_text())["checkpoint"]["code_sha256"] == digest
    assert "which code" not in ln_bench(*lab.command("--modes", "bn")).err
    (lab.folder / "net.py").write_text((lab.folder / "net.py").read_text() + "# changed\n")
    assert "other code of --model" in refuses(*lab.command("--modes", "bn"))


def write_folders(lab, names=("ant", "bee", "cat", "dog", "eel")) -> str:
    """Write the lab's images of labels 0, 1, 2, ... into folders of these names."""
    with np.load(lab.folder / "data.npz") as data:
        images, labels = data["images"], data["labels"]
    for index, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        folder = lab.folder / "photos" / names[label % len(names)]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{index:02}.png")
    return f"folder:{lab.folder}/photos"


def test_classes_are_scored_alone(lab, ln_bench):
    sharpen(lab)
    source, listed = write_folders(lab), lab.folder / "listed.txt"
    listed.write_text("eel\nant\nbee\n")
    for name in ("cat", "dog"):
        shutil.rmtree(lab.folder / "photos" / name)
    (lab.folder / "map.json").write_text(json.dumps({"ant": 0, "bee": 1, "eel": 4}))
    options = ["--data", source, "--class-map", str(lab.folder / "map.json"), "--modes", "bn"]
    outcome = ln_bench(*lab.command(*options, "--classes", str(listed)))
    assert outcome.code == 0, outcome.err
    assert "BatchNorm (3 classes)" in outcome.out
    found = rows(lab)[0]
    scope: dict = {}
    exec((lab.folder / "net.py").read_text(), scope)
    network = scope["network"]().eval()
    network.load_state_dict(torch.load(lab.folder / "net.pt"))
    with np.load(lab.folder / "data.npz") as data, torch.inference_mode():
        is_shown = np.isin(data["labels"], (0, 1, 4))
        images = torch.from_numpy(data["images"][is_shown]).permute(0, 3, 1, 2) / 255
        logits = network(images).double().numpy()[:, [0, 1, 4]]
        truth = np.searchsorted([0, 1, 4], data["labels"][is_shown])
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert found["correct"] == int((logits.argmax(axis=1) == truth).sum())
    assert found["nll"] == pytest.approx(
        -np.log(probability[np.arange(len(truth)), truth]).mean(), rel=1e-5
    )
    assert found["classes"] == "3-" + hashlib.sha256(b"0,1,4").hexdigest()[:12]
    assert ln_bench(*lab.command(*options)).code == 0
    assert rows(lab)[3]["classes"] is None
    assert rows(lab)[3]["data_sha256"] == found["data_sha256"]
    assert rows(lab)[3]["nll"] > found["nll"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ant\nbeee\n", "unknown class of CLASSES: 'beee'; did you mean 'bee'?"),
        ("ant\nbee\nant\n", "CLASSES: lists 'ant' twice; once is enough"),
        ("\n \n", "CLASSES: lists 0 classes; expected two or more, for the prediction is the best"),
        ("[0, 5]", "CLASSES: lists class 5, the network has 5 classes (0..4)"),
        ("ant\nbee\ncat\n", "which CLASSES leaves out, as are 18 of 50 images; take them out of"),
        (None, "--classes CLASSES: no such file; expected a list of classes: a name or WordNet"),
    ],
    ids=range(6),
)
def test_wrong_class_lists_are_one_line(lab, refuses, content, message):
    listed = lab.folder / "listed.txt"
    if content is not None:
        listed.write_text(content)
    line = refuses(*lab.command("--data", write_folders(lab), "--classes", str(listed)))
    assert message in line.replace(str(listed), "CLASSES")


def test_shipped_lists_need_a_network_of_imagenet(lab, refuses):
    line = refuses(*lab.command("--classes", "imagenet-r"))
    assert "imagenet-r: 'n01443537' is a class of ImageNet; the network must have its 1,000" in line
