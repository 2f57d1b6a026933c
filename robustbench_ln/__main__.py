"""`python -m robustbench_ln` is `ln-bench`."""

from robustbench_ln.cli.main import main

main()
