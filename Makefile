# Every command of the project; ARGS are passed on, as in `make test ARGS="-k journal"`.
.PHONY: up serve migrate migration schema test check fuzz journeys bench wheel pins

# The first interpreter that is new enough; asked only when the virtualenv is made.
PYTHON = $(shell for each in python3.11 python3; do $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
PIP = .venv/bin/python -m pip --disable-pip-version-check --quiet
PINS = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(ARGS)

# Where Python is told to keep nothing it has compiled, half of each start goes into doing it again.
export PYTHONDONTWRITEBYTECODE =

# ---------------------------------------------------------------- run
up: .venv/app.stamp
	.venv/bin/rollway up $(ARGS)

serve: .venv/app.stamp
	.venv/bin/rollway serve $(ARGS)

migrate: .venv/app.stamp
	.venv/bin/rollway migrate $(ARGS)

# ---------------------------------------------------------------- develop
test: .venv/dev.stamp
	.venv/bin/pytest $(ARGS)

check: .venv/dev.stamp
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/mypy docs/clients/gql/rollway.py
	.venv/bin/lint-imports

fuzz: .venv/dev.stamp
	.venv/bin/pytest --hypothesis-profile=fuzz --timeout=0 -m hypothesis $(ARGS)

journeys: .venv/dev.stamp
	.venv/bin/pytest tests/journeys $(ARGS)

bench: .venv/dev.stamp  # all, or one: make bench name=claims
	for each in benchmarks/$(or $(name),*).py; do .venv/bin/python $$each $(ARGS) || exit 1; done

migration: .venv/dev.stamp
	.venv/bin/python -m rollway.migrations $(or $(name),$(error Say what it does: make migration name=add_labels))

schema: .venv/dev.stamp
	.venv/bin/rollway schema > .venv/schema.graphql && cp .venv/schema.graphql schema.graphql

wheel: .venv/app.stamp
	.venv/bin/hatchling build -t wheel

pins: .venv/dev.stamp  # keeps what is pinned; newer: make pins ARGS=--upgrade
	$(PINS) pyproject.toml --extra postgres --extra containers --extra tracing --group dev -o requirements/dev.txt
	$(PINS) pyproject.toml --extra postgres --extra containers --extra tracing -o requirements/app.txt
	sed -n 's/^requires = \["\(.*\)"\]/\1/p' pyproject.toml | $(PINS) - -c requirements/dev.txt -o requirements/build.txt

# ---------------------------------------------------------------- install, once
.venv/bin/python:
	$(or $(PYTHON),$(error Rollway needs Python 3.11 or newer)) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/app.stamp: requirements/app.txt requirements/build.txt pyproject.toml | .venv/bin/python
	$(PIP) install --no-compile --require-hashes -r requirements/app.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

.venv/dev.stamp: requirements/dev.txt pyproject.toml | .venv/bin/python
	$(PIP) install --no-compile --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch .venv/app.stamp $@
