"""Every mutant can be planted; `make mutants` plants them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mutants.run import ROOT, Mutant, plant, read_mutants

MUTANTS = read_mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_the_text_of_a_mutant_stands_exactly_once(mutant: Mutant) -> None:
    assert plant(mutant, ROOT) != (ROOT / mutant.file).read_text()
    for test in mutant.tests:
        assert (ROOT / test.partition("::")[0]).exists(), test


def test_mutants_have_names_of_their_own() -> None:
    assert max(Counter(mutant.name for mutant in MUTANTS).values()) == 1


def test_a_text_that_moved_is_an_error() -> None:
    with pytest.raises(SystemExit, match="its text stands 0 times in robustbench_ln/modes.py"):
        plant(MUTANTS[0]._replace(file="robustbench_ln/modes.py", find="moved away"), ROOT)
