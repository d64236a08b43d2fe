# make demo | test | lint | bench [ONLY=name] | docs | clean; each creates .venv first if need be.
VENV := .venv
PYTHON_IN := $(VENV)/bin/python
STAMP := $(VENV)/installed
JOBS ?= 2
ONLY ?=
ARGS ?=

.DELETE_ON_ERROR:
.PHONY: demo test lint bench docs clean

$(STAMP): pyproject.toml constraints.txt scripts/install
	@scripts/install $(VENV)
	@touch $@

demo: $(STAMP)
	@scripts/demo $(PYTHON_IN)

# One thread per worker: numerical libraries that each take every core slow each other down.
test: $(STAMP)
	@OMP_NUM_THREADS=1 scripts/without-screen $(PYTHON_IN) -m pytest -n $(JOBS) $(ARGS)

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/npe2 validate napari-zeroseg

bench: $(STAMP)
	@$(PYTHON_IN) -m benchmarks $(ONLY)

docs: $(STAMP)
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo "site/index.html"

clean:
	rm -rf $(VENV) build dist site bench-output demo-output
