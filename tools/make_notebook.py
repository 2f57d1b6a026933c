"""Make docs/tutorial/notebook.ipynb from the cells below, and run it.

python -m tools.make_notebook
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial" / "notebook.ipynb"

CELLS = (
    "md: # A first evaluation in a notebook\n\nTwo small networks and 1,000 handwritten digits come with the package. "
    "They differ in their norm alone: BatchNorm, and LocalNorm with 10 groups. How well do they read noisy digits?",
    "import robustbench_ln as ln\n\nquiet = ln.Silent()  # no progress bar",
    "md: `ln.evaluate` takes a network or a checkpoint and returns a data frame with a row for each mode and condition. "
    "`bn` uses the statistics of training, `dbn-batch` those of 128 test images.",
    'bn = ln.evaluate(\n    "demo:batchnorm", "demo:digits", modes=["bn", "dbn-batch"], noises="agn-additive",\n'
    '    convention="released", sigmas=[0, 0.5, 1], progress=quiet,\n)\n'
    'bn[["label", "mode", "severity", "total", "accuracy", "low", "high"]].round(3)',
    "md: Under noise of sigma 1 the statistics of training no longer fit: `bn` loses most of its accuracy, while "
    "`dbn-batch` keeps it. `low` and `high` are 95 % intervals for the choice of test images.\n\n"
    "LocalNorm has a gamma and beta for each of its 10 groups. In `ln-voting` ten images share statistics and all "
    "groups vote.",
    'local = ln.evaluate(\n    "demo:localnorm", "demo:digits", modes=["ln-batch", "ln-voting"], noises="agn-additive",\n'
    '    convention="released", sigmas=[0, 0.5, 1], progress=quiet,\n)\n'
    'local[["label", "mode", "severity", "total", "accuracy", "low", "high"]].round(3)',
    "md: One table of both:",
    "import pandas as pd\n\nboth = pd.concat([bn, local])\n"
    '(100 * both.pivot_table(index=["label", "mode"], columns="severity", values="accuracy")).round(1)',
    "md: The same on your own network: give the `nn.Module` and your images (uint8, [N, H, W, C]) in place of the names, "
    'and say how its inputs were normalised: `ln.evaluate(network, images, labels, normalize="imagenet", ...)`. '
    "See [From Python](../python.md).",
)


def make_notebook() -> Any:
    """Return the notebook without outputs."""
    notebook = nbformat.v4.new_notebook()
    for number, cell in enumerate(CELLS):
        kind, _, text = cell.partition("md: ")
        made = nbformat.v4.new_markdown_cell(text) if not kind else nbformat.v4.new_code_cell(cell)
        made["id"] = f"cell-{number}"
        notebook.cells.append(made)
    return notebook


def main() -> None:
    """Run the notebook and write it with its outputs."""
    notebook = make_notebook()
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    NOTEBOOK.parent.mkdir(exist_ok=True)
    NOTEBOOK.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
