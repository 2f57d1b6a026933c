"""`python -m robustbench_ln` is `ln-bench`."""

from robustbench_ln.cli.start import main

main()
