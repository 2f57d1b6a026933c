"""The documentation site: Sphinx reads docs/ and the docstrings. `make docs` builds it."""

from __future__ import annotations

import robustbench_ln

project = "robustbench_ln"
author = "The robustbench_ln authors"
release = version = robustbench_ln.__version__
project_copyright = "2026, The robustbench_ln authors"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"robustbench_ln {release}"
nb_execution_mode = "off"  # the notebook in docs/ has its outputs; a test runs it
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_numpy_docstring = False
