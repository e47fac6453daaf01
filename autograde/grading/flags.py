"""What an answer uses although the exercise forbids it: flagged for a person to read, never scored.

A unit declares it beside its checks, in `autograde/checks/<stem>.py`:

    FLAGS = {"rnn_backward": ("torch.autograd", ".backward")}

A dotted name is forbidden with all that is below it, however it was imported; a name with a leading dot is a method or
an attribute of anything. What reaches for answers or for the world outside is forbidden everywhere. The answer is read,
not run, in the grading process; cells that the student added are read with every answer, since an answer may call them.
Whoever wants to hide a name can (`getattr`, a string that is executed), so what runs text as code is flagged too.
"""

import ast
import importlib
import re
from functools import lru_cache

EVERYWHERE = (
    *("solutions", "autograde.grading", "autograde.oracles"),
    *("open", "io", "pathlib", "glob", "shutil", "os.environ", "os.listdir", "os.walk", "os.open", "os.scandir"),
    *("socket", "urllib", "http", "requests", "subprocess", "os.system", "os.popen", "os.kill", "os._exit", "ctypes"),
    *("eval", "exec", "__import__", "importlib", "inspect", "sys.modules", "sys._getframe"),
)
MAGIC = re.compile(r"^(\s*)([%!].*)$", re.MULTILINE)


def declared(unit):
    """{question: forbidden names} of a unit; empty where none are declared."""
    return getattr(importlib.import_module(f"autograde.checks.{unit}"), "FLAGS", {})


def flags_of(notebook, unit):
    """One line for each forbidden name that a rebuilt hand-in uses, by question."""
    forbidden = declared(unit)
    answers, helpers, imports = {}, [], {}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or mark.get("locked"):  # a locked cell is ours
            continue
        source = plain_python(cell.source)
        imports |= _imports(source)
        if mark.get("solution"):
            answers[mark.get("grade_id")] = source
        else:
            helpers.append(source)
    lines = []
    for question, source in answers.items():
        uses = _uses(source, (*forbidden.get(question, ()), *EVERYWHERE), imports)
        lines += [f"{question}: line {line} uses {name}" for line, name in uses]
    everything = (*dict.fromkeys(name for names in forbidden.values() for name in names), *EVERYWHERE)
    for source in helpers:
        uses = _uses(source, everything, imports)
        lines += [f"a cell of the student's own: line {line} uses {name}" for line, name in uses]
    return lines


def plain_python(source):
    """The source of a cell with IPython's line magics and shell commands as comments."""
    return MAGIC.sub(r"\1# \2", source)


@lru_cache(maxsize=64)  # a source is read for its imports, then for its names
def _parsed(source):
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(source):
    """{name in the notebook: dotted name that it stands for}."""
    tree, names = _parsed(source), {}
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _uses(source, forbidden, imports):
    """(line, name) of every forbidden name in a source; by its words alone where it is not Python."""
    tree = _parsed(source)
    if tree is None:
        return _mentions(source, forbidden)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            said = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            said = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, (ast.Name, ast.Attribute)):
            said = [_dotted(node, imports)]
            if isinstance(node.ctx, ast.Store) and said[0].startswith("check."):
                found.add((node.lineno, "another value for a check"))
        else:
            continue
        found |= {(node.lineno, name) for name in forbidden for text in said if _is_below(text, name)}
    return sorted(found)


def _dotted(node, imports):
    """a.b.c with the first name as it was imported; a dot in front where it begins with something else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return ".".join([imports.get(node.id, node.id), *reversed(parts)])
    return "." + ".".join(reversed(parts))


def _is_below(text, name):
    if name.startswith("."):
        return text.endswith(name)
    return text == name or text.startswith(f"{name}.")


def _mentions(source, forbidden):
    """The same for what cannot be parsed: the last word of each forbidden name."""
    found = []
    for number, line in enumerate(source.splitlines(), 1):
        words = set(re.findall(r"\w+", line))
        found += [(number, name) for name in forbidden if name.split(".")[-1] in words]
    return found
