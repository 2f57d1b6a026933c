from __future__ import annotations

import pytest

from robustbench_ln.cli.stored_lists import LISTS, stored_names, stored_rows
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.models.registry import ARCHITECTURES
from robustbench_ln.norms import NORMS
from robustbench_ln.training import RECIPES
from tools.stored_lists import lists_text


def test_the_file_is_what_the_registries_say():
    assert LISTS.read_text() == lists_text(), "python -m tools.render"


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("norms", NORMS),
        ("noises", dict.fromkeys(name for name, _ in NOISES)),
        ("corruptions", CORRUPTIONS),
        ("archs", ARCHITECTURES),
        ("recipes", RECIPES),
    ],
)
def test_names_are_those_of_the_registries_in_their_order(what, names):
    assert stored_names(what) == tuple(names)


def test_details_have_no_name():
    assert ("", RECIPES["mnist"].describe()) in stored_rows("recipes")
