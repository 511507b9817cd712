# 信桥 Xinqiao. Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
PORT ?= 8800
DEMO_DIR ?= demo-data

# Containers often forbid bytecode; without it each program we start (tests start many) compiles Django and us anew,
# which costs more processor time than all the rest of its start.
unexport PYTHONDONTWRITEBYTECODE

# Files in the order of their folders: the heaviest, which hold few tests, would otherwise come last, one worker alone.
SPREAD := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help install assets demo demo-check test static lint types contracts unit unit-sqlite unit-postgres whole browser docs-check bench spark lock dist clean

help: ## 显示这些目标 show these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# uv is used from the path, or put into .tools by whatever Python 3 there is.
.tools/uv/bin/uv:
	python3 -m venv .tools/uv
	.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

# Hashed lock files; the stamp makes a second `make` instant.
$(VENV)/.installed: requirements/dev.lock requirements/build.lock pyproject.toml $(filter-out uv,$(filter .tools/%,$(UV)))
	test -x $(PY) || $(UV) venv --quiet --python "$$(cat .python-version)" $(VENV)
	cat requirements/dev.lock requirements/build.lock > $(VENV)/all.lock
	$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/dev.lock
	$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/build.lock
	$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	touch $@

install: $(VENV)/.installed assets ## 安装到 .venv install into .venv

assets: $(VENV)/.installed
	$(PY) -m xinqiao.ui.build
	$(PY) -m xinqiao.ui.catalogue compile

demo: install ## 建立并启动演示省 build and run the demonstration province
	$(BIN)/xinqiao demo --data $(DEMO_DIR) --port $(PORT)

demo-check: install ## 无界面走完主流程 run the main journey headless
	$(BIN)/xinqiao demo --check

# The checks of documents (docs-check) are among the tests of unit-sqlite.
test: install static unit ## 格式、类型、约束、全部测试 everything but the browser

static: $(VENV)/.installed
	$(MAKE) --no-print-directory -j 3 --output-sync=target types contracts lint

lint: $(VENV)/.installed
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench

types: $(VENV)/.installed
	$(BIN)/mypy

contracts: $(VENV)/.installed
	$(BIN)/lint-imports

unit: unit-sqlite unit-postgres

unit-sqlite: $(VENV)/.installed
	$(BIN)/pytest -q $(SPREAD) -m "not browser and not whole and not slow and not data"

whole: $(VENV)/.installed ## 全部情形、公开数据、重型检验 every case, the public data sets, slices of the heavy campaigns
	$(BIN)/pytest -q -n 2 -m "whole or slow or data"

# The same tests of everything that touches the database, on a real PostgreSQL server.
unit-postgres: $(VENV)/.installed
	$(PY) -m xinqiao.devtools.postgres $(BIN)/pytest -q $(SPREAD) -m "not browser and not slow" tests/hub

browser: install ## 浏览器旅程 journeys in Chromium
	$(BIN)/pytest -q -m browser tests/browser

docs-check: $(VENV)/.installed
	$(BIN)/pytest -q tests/docs

bench: install ## 性能对照表 the table of ratios
	$(BIN)/xinqiao bench

# The extra "spark" in the same environment: tests that skip without it run, then a standalone cluster (needs Java).
spark: install ## Spark 得出同样的质量指标 the same figures by Spark
	$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/spark.lock
	$(BIN)/pytest -q tests/lake/spark
	$(BIN)/xinqiao campaign spark

lock: .tools/uv/bin/uv ## 重新锁定依赖 lock the dependencies again
	$(UV) pip compile pyproject.toml --group dev --extra postgres --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet -o requirements/dev.lock
	$(UV) pip compile pyproject.toml --extra postgres --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet -o requirements/core.lock
	$(UV) pip compile requirements/spark.in --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet -o requirements/spark.lock
	$(UV) pip compile requirements/build.in --python-version 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --quiet -o requirements/build.lock

dist: install ## 构建 wheel build the wheel (needs no Node where it is installed)
	$(UV) build --no-build-isolation --python $(PY) --wheel --out-dir dist

clean:
	rm -rf $(VENV) .tools node_modules dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache src/xinqiao/ui/static/build
