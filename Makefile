# `make`: environment, exercises, book and a graded demonstration class. `make test`: all tests.
# Every other target is a part of these two, or something on request; `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BOOK := _build/html/index.html
DEMO := _build/demo-class/.done

export PATH := $(CURDIR)/$(BIN):$(PATH)
export OMP_NUM_THREADS ?= 1
# A test run on a loaded machine must not leave byte code for another.
export PYTHONDONTWRITEBYTECODE ?= 1

BOOK_SOURCES := $(wildcard book/*.md book/*.py book/figures/*.py book/*.bib book/*.mplstyle) _config.yml _toc.yml
SITE_SOURCES := $(shell find book/_static book/_vendor -type f 2>/dev/null)
CODE := $(shell find autograde solutions -name '*.py' 2>/dev/null)
# What pages compute with: when it changes, pages run again, although their own text did not change.
PAGE_CODE := $(wildcard solutions/*.py book/*.py book/figures/*.py) $(addprefix autograde/,tasks.py phrases.py device.py)

.PHONY: all help environment exercises book demo test test-fast lint bench student-bundle grade-demo pdf clean

all: environment exercises book demo

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

environment: $(READY)  ## .venv with the exact versions of constraints.txt

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing the environment (some minutes the first time)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==$$(sed -n 's/^torch==//p' constraints.txt)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[course,scale,test]'
	@touch $@

exercises: $(READY)  ## the students' notebooks from solutions/
	@$(BIN)/python -m autograde exercises

book: $(READY) exercises $(BOOK)  ## the book, in _build/html

# Sphinx does not copy style sheets and scripts again when only they changed: the pages that link them are touched.
$(BOOK): $(BOOK_SOURCES) $(SITE_SOURCES) $(PAGE_CODE) $(wildcard exercises/*/*.ipynb)
	@$(if $(filter $(PAGE_CODE),$?),rm -rf _build/.jupyter_cache _build/.doctrees)
	$(BIN)/python -m book.execute
	$(BIN)/jupyter-book build . -W -n --keep-going
	@cp -R book/_static/. _build/html/_static/
	@touch $@

demo: $(DEMO)  ## a graded demonstration class, in _build/demo-class

$(DEMO): $(READY) $(CODE)
	@$(BIN)/python -m autograde demo --course _build/demo-class
	@touch $@

grade-demo: demo

test: $(READY) lint book  ## all tests: fast ones, then the site, whole classes and whatever the machine supports
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-fast: $(READY)  ## the tests without book, browser and classes
	$(BIN)/python -m pytest -n auto -m 'not slow'

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m autograde exercises --check

bench: $(READY)  ## throughput of grading against plain nbgrader
	$(BIN)/python -m benchmarks.throughput

student-bundle: book  ## the zip for students, in _build
	@$(BIN)/python -m autograde bundle

pdf: $(READY)  ## the book as PDF; needs a TeX system
	@command -v latexmk >/dev/null && command -v xelatex >/dev/null || { echo "The PDF needs TeX. On Debian and Ubuntu:"; \
	  echo "  sudo apt-get install latexmk texlive-xetex texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended fonts-freefont-otf tex-gyre"; exit 1; }
	$(BIN)/jupyter-book build . --builder pdflatex --keep-going

clean:  ## remove what was built; the environment and class data stay
	rm -rf _build
