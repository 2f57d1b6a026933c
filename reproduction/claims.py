"""The papers' claims, each as comparisons of trained networks, for docs/results/claims.md."""

from __future__ import annotations

from reproduction.comparisons import Comparison, as_printed, judge, paired_difference
from reproduction.trainings import Trainings
from robustbench_ln.reports.grids import Grid, to_markdown

BN, DBN_128 = Trainings("BN", "bn"), Trainings("BN", "dbn-batch (sets of 128)")
DBN_16, DBN_10 = (Trainings("BN", f"dbn-batch (sets of {size})") for size in (16, 10))
LN, VOTING = Trainings("LN", "ln-batch"), Trainings("LN", "ln-voting")
SINGLE, ROT90 = Trainings("LN", "ln-single"), Trainings("LN", "ln-single-rot90")
DBN_ROT90 = Trainings("BN", "dbn-single-rot90")
SN, GN = Trainings("SN", "bn"), Trainings("GN", "plain")

LOSSLESS, JPEG = "CIFAR-10, 1,017 images", "CIFAR-10 as JPEG, 10,000 images"
NOISES, C15 = "six noises, mean over sigma", "CIFAR-10-C, mean of the 15"
JPEG_NOISES = "six noises, 2,000 images as JPEG"
C15_3 = "CIFAR-10-C, severity 3, mean of the 15"
MNIST = "MNIST, 1,000 digits"


def _noisy(network: str, share: str, variant: str) -> Trainings:
    return Trainings(f"{network}, {share}% noisy", variant)


def _groups(number: int) -> Trainings:
    return Trainings(f"G={number}", "ln-batch")


def _degraded(
    first: Trainings, second: Trainings, small: Trainings | None = None
) -> list[Comparison]:
    """Compare under the noises, under CIFAR-10-C, and on MNIST, there with `small` as second."""
    return [
        Comparison("lossless", first, second, NOISES),
        Comparison("jpeg noises", first, second, JPEG_NOISES),
        Comparison("cifar10-c", first, second, C15),
        Comparison("mnist norms", first, small or second, f"{MNIST}, agn-additive", "agn-add"),
    ]


def _single(first: Trainings, second: Trainings, points: float = 0) -> list[Comparison]:
    """Compare modes of single images under the noises and under CIFAR-10-C."""
    places = (
        ("lossless", NOISES), ("jpeg noises", JPEG_NOISES), ("cifar10-c, all modes", C15_3),
    )  # fmt: skip
    return [Comparison(group, first, second, words, points=points) for group, words in places]


def _clean(first: Trainings, second: Trainings, points: float) -> list[Comparison]:
    places = (
        ("lossless", "agn_paper", LOSSLESS), ("jpeg", "clean", JPEG),
        ("mnist norms", "agn_paper", MNIST),
    )  # fmt: skip
    return [
        Comparison(group, first, second, f"{words}, clean", tables, rows="0", points=points)
        for group, tables, words in places
    ]


CLAIMS: dict[tuple[str, str], list[Comparison]] = {
    ("dynamic statistics help under noise", "arXiv, figure 4b"): _degraded(DBN_128, BN),
    ("LocalNorm is more robust than BatchNorm", "ICANN, figures 6, 7"): _degraded(LN, BN),
    ("LocalNorm is more robust than Dynamic BatchNorm, sets of like size", "ICANN, figures 6, 7"):
        _degraded(LN, DBN_16, DBN_10),
    ("LocalNorm is more robust than Dynamic BatchNorm with sets of 128", "ICANN, figures 6, 7"):
        _degraded(LN, DBN_128),
    ("LocalNorm keeps clean accuracy: at most a point below", "ICANN, table 1"): _clean(LN, BN, -1),
    ("LocalNorm is more robust than SwitchNorm", "arXiv, figure 7"): [
        Comparison("mnist norms", LN, SN, f"{MNIST}, agn-additive", "agn-add"),
    ],
    ("LocalNorm is more robust than GroupNorm", "not compared"): [
        Comparison("mnist norms", LN, GN, f"{MNIST}, agn-additive", "agn-add"),
    ],
    ("voting is better than one group", "ICANN, table 1"): [
        *_clean(VOTING, LN, 0)[:2], *_degraded(VOTING, LN),
    ],
    ("ROT90 lifts LN-Single", "ICANN, figure 8"): [
        *_clean(ROT90, SINGLE, 0)[::2],
        *_single(ROT90, SINGLE),
    ],
    ("ROT90 lifts LN-Single to LN-Batch: at most a point below", "ICANN, figure 8"): [
        *_clean(ROT90, LN, -1)[::2],
        *_single(ROT90, LN, -1),
    ],
    ("with ROT90, LocalNorm is above Dynamic BatchNorm", "ICANN, figure 8"):
        _single(ROT90, DBN_ROT90),
    ("noise in half of the training images helps BatchNorm against that noise", "arXiv, figure 10"):
        [Comparison("mnist noise", _noisy("BN", "50", "bn"), _noisy("BN", "0", "bn"),
                    f"{MNIST}, agn-additive", "agn-add")],
    ("the same against other noises, which the papers deny", "arXiv, figure 10"): [
        Comparison("mnist noise", _noisy("BN", "50", "bn"), _noisy("BN", "0", "bn"),
                   f"{MNIST}, {noise}", noise)
        for noise in ("apn-add", "mbn")
    ],
    ("noise in half of the training images costs BatchNorm clean accuracy", "arXiv, section 5.4"): [
        Comparison("mnist noise", _noisy("BN", "0", "bn"), _noisy("BN", "50", "bn"),
                   f"{MNIST}, clean", rows="0"),
    ],
    ("LocalNorm trained without noise beats BatchNorm with it", "arXiv, section 5.4"): [
        Comparison("mnist noise", _noisy("LN", "0", "ln-batch"), _noisy("BN", "50", "bn"),
                   f"{MNIST}, {noise}", noise)
        for noise in ("agn-additive", "apn-add", "mbn")
    ],
    ("4 to 8 groups are best: 5 against", "arXiv, figure 11"): [
        Comparison("mnist groups", _groups(5), _groups(number), f"{number}; {MNIST}, all noises")
        for number in (1, 2, 10, 20)
    ],
    ("4 to 8 images a group are best: 5 against", "ICANN, section 5"): [
        Comparison("mnist groups", _groups(20), _groups(100 // size),
                   f"{size}; {MNIST}, all noises")
        for size in (2, 10, 50)  # 20 images are 5 groups, which are above
    ],
}  # fmt: skip
"""(claim, where the papers make it) -> what was measured of it."""


def claims_table(_: str) -> str:
    """Each claim with what was measured."""
    rows: list[tuple[str, ...]] = []
    for claim, comparisons in CLAIMS.items():
        for i, comparison in enumerate(comparisons):
            found = as_printed(paired_difference(comparison))
            said = judge(found, comparison.points / 100)
            rows.append((*(claim if i == 0 else ("", "")), comparison.words, str(found), said))
    header = ("claim", "in the papers", "on", "difference, points", "trainings that agree")
    return to_markdown(Grid(header, tuple(rows)))


CLAIM_BLOCKS = {"claims": claims_table}
