"""Named wrong solutions: small substitutions in a reference, each with the words for the student who made it.

They prove that the checks catch them, and in grading they are the diagnosis: a hand-in that gives a mutant's output
has the mutant's misconception.
"""

import importlib
import inspect
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """In the source of `function`, `old` (which must occur exactly once) becomes `new`."""

    function: str
    name: str
    old: str
    new: str
    message: str

    def source(self, module):
        """The mutated source text of the function."""
        text = inspect.getsource(getattr(module, self.function))
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"mutant {self.function}/{self.name}: {self.old!r} occurs {count} times, not once")
        return text.replace(self.old, self.new)

    def build(self, module):
        """The mutated function, in a namespace like the reference's."""
        namespace = dict(vars(module))
        exec(compile(self.source(module), f"<{self.function}, {self.name}>", "exec"), namespace)
        return namespace[self.function]


def mutants_of(stem, function=None):
    """The mutants of a unit, or of one of its functions; an empty list where a unit has none."""
    try:
        module = importlib.import_module(f"solutions.mutants.{stem}")
    except ModuleNotFoundError:
        return []
    return [m for m in module.MUTANTS if function in (None, m.function)]
