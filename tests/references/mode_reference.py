"""The evaluation modes, restated image by image. Nothing here imports the package."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction


def plurality(votes: list[int]) -> list[int]:
    """The classes with the most votes, ascending; several where the vote is tied."""
    counts = Counter(votes)
    most = max(counts.values())
    return sorted(name for name, number in counts.items() if number == most)


def expected_correct(classes: list[list[int]], labels: list[int]) -> Fraction:
    """Sum over images of the share of groups that classify the image correctly. classes[g][n]."""
    groups = len(classes)
    return sum(
        (
            Fraction(sum(classes[g][n] == label for g in range(groups)), groups)
            for n, label in enumerate(labels)
        ),
        Fraction(0),
    )


def expected_variance(classes: list[list[int]], labels: list[int], set_size: int) -> Fraction:
    """Sum over sets of the population variance, over groups, of the set's correct images."""
    groups, total = len(classes), Fraction(0)
    for start in range(0, len(labels), set_size):
        members = range(start, min(start + set_size, len(labels)))
        counts = [sum(classes[g][n] == labels[n] for n in members) for g in range(groups)]
        mean = Fraction(sum(counts), groups)
        total += sum((c - mean) ** 2 for c in counts) / groups
    return total


def logit_sum_winner(tied: list[int], logits: list[list[float]]) -> int:
    """The tied class with the largest summed logit. logits[g][k]."""
    return max(tied, key=lambda k: sum(row[k] for row in logits))
