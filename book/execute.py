"""Executes the pages that changed, one on each core, into the cache that Jupyter Book reads: `python -m book.execute`.

Jupyter Book itself executes one page after the other.
"""

import logging
import sys
from pathlib import Path

import yaml
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "_build" / ".jupyter_cache"
MYST_NOTEBOOK = {"name": "myst_nb_md", "type": "plugin"}  # the reader that myst-nb uses for such pages


def pages():
    """The pages of the table of contents that hold code."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [ROOT / f"{chapter['file']}.md" for part in toc["parts"] for chapter in part["chapters"]]
    return [path for path in files if "\n```{code-cell}" in path.read_text(encoding="utf-8")]


def main():
    """Execute what is not in the cache. Exits with 1 and the traceback when a page fails."""
    timeout = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["execute"]["timeout"]
    cache = get_cache(CACHE)
    for path in pages():
        cache.add_nb_to_project(str(path), read_data=MYST_NOTEBOOK)
    logger = logging.getLogger("execute")
    result = load_executor("local-parallel", cache, logger=logger).run_and_cache(timeout=timeout)
    for name in result.succeeded:
        print(f"executed {Path(name).relative_to(ROOT)}")
    failed = [*result.excepted, *result.errored]
    for name in failed:
        record = cache.get_project_record(name)
        print(f"{Path(name).relative_to(ROOT)} failed:\n{record.traceback or ''}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
