# `make demo` runs the main job; `make test` runs the tests. Both create .venv first.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.PHONY: install demo test lint docs coverage default-model clean
install: .venv/installed

.venv/installed: setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("sleepaug needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

demo: install
	$(BIN)/sleepaug simulate demo/nights --nights 10 --hours 3 --channels C3,C4,F3,F4,O1,O2 --jobs 2 --overwrite
	$(BIN)/sleepaug train configs/demo.yaml --data-dir demo/nights -o demo/run --overwrite
	$(BIN)/sleepaug predict "demo/nights/01-03-0006 PSG.edf" --model demo/run -o demo/hypnograms --overwrite
	$(BIN)/sleepaug report demo/run
	@echo "Hypnogram: demo/hypnograms/01-03-0006 PSG.png"
	@echo "Metrics:   demo/run/metrics.json"

test: install
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: install
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	rm -rf docs/generated
	$(BIN)/python -m sphinx -b html -W --keep-going docs docs/_build/html
	@echo "Site: docs/_build/html/index.html"

coverage: install
	$(BIN)/python -m coverage run -m pytest
	$(BIN)/python -m coverage report --skip-covered

# The model in sleepaug/models/pretrained; its card, default.md, is written by hand from what the
# commands in docs/results.md print.
default-model: install
	$(BIN)/python -m pip install --quiet --editable '.[yasa]'
	$(BIN)/python benchmarks/default_nights.py build/nights --people 400
	$(BIN)/python benchmarks/default_model.py build/nights build/default.safetensors
	cp build/default.safetensors sleepaug/models/pretrained/default.safetensors

clean:
	rm -rf .venv build dist *.egg-info demo docs/_build docs/gallery docs/generated
