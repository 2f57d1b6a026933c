# Everything sets itself up: only Python 3.11 or newer is needed.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: test check docs dist demo demo-checkpoints slow fuzz mutants bench lowest cluster clean

test: check ## what CI runs: style, types, tests

check: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 2
	$(MAKE) docs

docs: $(VENV)/ready ## the documentation site, into build/site/
	$(BIN)/sphinx-build -q -W --keep-going -c tools/site docs build/site

demo: $(VENV)/ready ## BatchNorm and LocalNorm under noise, in a minute, into ln-bench-demo/
	$(BIN)/ln-bench demo

demo-checkpoints: $(VENV)/ready ## makes the digits and checkpoints of the demo anew, in two minutes
	$(BIN)/python -m tools.make_demo

slow: $(VENV)/ready ## the long experiments
	$(BIN)/python -m pytest -q --slow

fuzz: $(VENV)/ready ## hostile files for an hour, with a new seed, which is printed
	LN_FUZZ=long $(BIN)/python -m pytest -q tests/fuzz --ignore tests/fuzz/test_campaign.py
	$(BIN)/python -m tests.fuzz.campaign --minutes 60

mutants: $(VENV)/ready ## plants wrong formulas; the suite must see each of them
	$(BIN)/python tests/mutants/run.py

bench: $(VENV)/ready ## speed, into benchmarks/results/
	$(BIN)/python benchmarks/evaluation.py
	OMP_NUM_THREADS=1 $(BIN)/ln-bench speed --repetitions 9 --overwrite --out benchmarks/results/norms_speed.json

dist: $(VENV)/ready ## wheel and sdist into dist/; the wheel runs the demo in a fresh environment
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(PYTHON) -m venv --clear build/dist-venv
	build/dist-venv/bin/python -m pip install --quiet dist/*.whl
	cd build && dist-venv/bin/ln-bench demo --out dist-demo

lowest: ## the tests with the lowest versions of the dependencies, in an environment of their own
	$(PYTHON) -m venv --clear build/lowest-venv
	build/lowest-venv/bin/python -m pip install --quiet -e '.[dev]'
	$(PYTHON) -m tools.lowest_versions > build/lowest.txt
	build/lowest-venv/bin/python -m pip install --quiet -r build/lowest.txt 'pyparsing<3.2'
	build/lowest-venv/bin/python -m pytest -q -n 2

cluster: ## the tests on Ray: two nodes on this machine, one of them killed, in an environment of their own
	$(PYTHON) -m venv --clear build/cluster-venv
	build/cluster-venv/bin/python -m pip install --quiet -e '.[dev,ray]'
	build/cluster-venv/bin/python -m pytest -q --cluster tests/workers/test_ray.py

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@
