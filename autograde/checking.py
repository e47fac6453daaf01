"""What a check is: cases (inputs from a seed), then judgement (inputs and outputs to a verdict).

In a notebook a `Check` is called with the student's function and prints its verdict. In grading the two halves run
apart: the cases travel to the student's kernel, plain values come back, and only the grading process judges.
"""

import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from autograde import drivers
from autograde.differences import EVERYWHERE, agree, explain, largest
from autograde.oracles import Oracle

# A reference and a student's function may order their sums differently; over the longest cases that costs 1e-12.
REFERENCE_TOLERANCE = 1e-8
# float32 rounds at 6e-8 and a forward pass of some ten steps accumulates a few times that.
FLOAT32_TOLERANCE = 1e-5
NOTEBOOK_SEED = 20
UNWRITTEN = "not implemented yet"


@dataclass(frozen=True)
class Case:
    """One call of the student's function.

    inputs {parameter name: value} in the order of the signature; sizes {"T": 5, ...} for messages and shapes;
    oracle gives the expected values from the inputs; group lets a part of a check choose its cases;
    driver names the function of `autograde.drivers` that makes the call on the student's side; judging is what
    only the judge needs (strings on which to run a network whose weights were returned), and never leaves it.
    """

    inputs: dict
    sizes: dict = field(default_factory=dict)
    oracle: Oracle | None = None
    group: str = ""
    driver: str = "call"
    judging: dict = field(default_factory=dict)
    _misread: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def about(self):
        return ", ".join(f"{name}={size}" for name, size in self.sizes.items())

    def answer_as_if(self, words, change):
        """The oracle's answer to changed inputs (see `Check`); kept, since every part and hand-in asks for it."""
        if words not in self._misread:
            with np.errstate(all="ignore"):
                answer = self.oracle.compute(**{**self.inputs, **change(**self.inputs)}) if self.oracle else {}
            self._misread[words] = _floats(answer)
        return self._misread[words]


def sequence_sizes(T, B, D, H):
    """The lengths of a case whose arrays are (T, B, D) and (T, B, H)."""
    return {"T": T, "B": B, "D": D, "H": H}


@dataclass
class Trial:
    """A case with what came of it, and what should have come of it."""

    case: Case
    outcome: dict
    values: dict | None = None
    problem: str | None = None
    expected: list = field(default_factory=list)


@dataclass(frozen=True)
class Gap:
    """An output that differs from one of its sources in a case."""

    case: Case
    output: str
    source: str
    tolerance: float
    actual: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class Finding:
    """One line of a verdict: what was judged, whether it is right, why not, and what it earned."""

    title: str
    ok: bool
    text: str
    earned: float = 0.0
    points: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """The judgement of one function."""

    name: str
    points: float
    max_points: float
    findings: tuple = ()
    problem: str | None = None
    misconception: str | None = None
    calls: tuple = ()  # questions before this one that it calls and that are not right themselves

    @property
    def right(self):
        return self.points == self.max_points

    def __str__(self):
        head = f"{self.name}   {self.points:g} of {self.max_points:g} points"
        if self.problem:
            return f"{head}: {self.problem}"
        if self.right:
            return head
        width = max(len(f.title) for f in self.findings)
        lines = [head]
        said = set()
        for f in self.findings:
            wrapped = ["as above"] if not f.ok and f.text in said else textwrap.wrap(f.text, 96) or [""]
            said.add(f.text)
            lines.append(f"  {f.title:{width}}   {wrapped[0]}")
            lines += [" " * (width + 5) + line for line in wrapped[1:]]
        if self.misconception:
            lines += ["  " + line for line in textwrap.wrap(self.misconception, 100)]
        if self.calls:
            lines.append(f"  It calls {', '.join(self.calls)}: what is wrong there comes back here.")
        return "\n".join(lines)

    def as_dict(self):
        return asdict(self)


@dataclass(frozen=True)
class Agrees:
    """A part of a check: the named outputs agree with the oracle of every case in the group."""

    title: str
    points: float
    outputs: Sequence[str]
    group: str | None = None

    def judge(self, check, trials):
        """(what is wrong, None) or (None, what is right)."""
        differing = [gaps for trial in trials if (gaps := list(self._gaps(check, trial)))]
        if not differing:
            sources = dict.fromkeys(source for t in trials for source, _, e in t.expected if set(e) & set(self.outputs))
            verb = "agrees" if len(self.outputs) == 1 else "agree"
            return None, f"{verb} with {' and '.join(sources)} in {_count(trials)}"
        worst = max((gap for gaps in differing for gap in gaps), key=lambda gap: largest(gap.actual, gap.expected))
        size, index = largest(worst.actual, worst.expected)
        name = f" {worst.output}" if len(self.outputs) > 1 else ""
        where = f" at [{', '.join(map(str, index))}]" if index else ""
        by = f"by {size:.2g}" if np.isfinite(size) else "where it is not a finite number"
        scope = "in every case" if len(differing) == len(trials) else f"in {len(differing)} of {len(trials)} cases"
        text = f"differs from {worst.source} {scope}, most{name}{where} {by} ({worst.case.about})"
        hints = self._hints(check, differing)
        return text + (f": {'; '.join(hints)}" if hints else ""), None

    def _gaps(self, check, trial):
        """A `Gap` for every output that differs from one of its sources."""
        for name in self.outputs:
            actual = trial.values[name]
            for source, tolerance, expected in trial.expected:
                accepted = check.tolerance_for(actual, tolerance)
                if name in expected and not agree(actual, expected[name], accepted):
                    yield Gap(trial.case, name, source, accepted, actual, expected[name])
                    break

    def _hints(self, check, differing):
        """What explains the outputs in every case in which they differ, together or each; and which are right."""
        by_output = {}
        for gap in (gap for gaps in differing for gap in gaps):
            by_output.setdefault(gap.output, []).append(gap)
        hints = [
            f"it is as if {words}"
            for words, change in check.as_if.items()
            if all(_are_those(gaps, gaps[0].case.answer_as_if(words, change)) for gaps in differing)
        ]
        if not hints:
            names = {}  # of the outputs that a reading explains
            for name, gaps in by_output.items():
                for reading in check.readings(gaps):
                    names.setdefault(reading, []).append(name)
            several = len(self.outputs) > 1
            hints = [f"{', '.join(those)}: {reading}" if several else reading for reading, those in names.items()]
        right = [name for name in self.outputs if name not in by_output]
        return hints + ([f"{_are(right)} right"] if right else [])


@dataclass(frozen=True)
class Holds:
    """A part of a check: a property of the outputs; `test(trials)` returns None or what is wrong.

    `names_right` is what the verdict says when it holds. The property counts only for right values of `outputs`.
    """

    title: str
    points: float
    test: Callable
    names_right: str
    group: str | None = None
    outputs: Sequence[str] = ()

    def judge(self, check, trials):
        if self.outputs:
            wrong, _ = Agrees(self.title, self.points, self.outputs).judge(check, trials)
            if wrong:
                return wrong, None
        return self.test(trials), self.names_right


def _are_those(gaps, answer):
    """Whether the differing outputs of one case are those of another answer of its oracle."""
    return all(g.output in answer and agree(g.actual, answer[g.output], g.case.oracle.tolerance) for g in gaps)


def _common(readings):
    """What all lists of readings share; the vague only where there is nothing else."""
    common = set.intersection(*map(set, readings))
    named = {reading for reading in common if not reading.endswith(EVERYWHERE)}
    return sorted(named or common)


def _stacked(count):
    """How a shape names an axis of `count` blocks."""
    return ("+".join("H" * count), f"{count}H") if count else ()


def _block_readings(name, actual, expected, tolerance):
    """What explains a block, {name: block} given: also that it is another one of the blocks."""
    others = [n for n in expected if n != name and np.any(expected[n])]
    taken = [f"holds what belongs to {n}" for n in others if agree(actual[name], expected[n], tolerance)]
    return explain(actual[name], expected[name]) + taken


def _count(trials):
    return f"{len(trials)} case{'s' if len(trials) != 1 else ''}"


def _shape_text(shape, sizes):
    """'T+1 B H' with sizes -> the tuple of numbers; '*' stands for all the sizes, a name without a size for any."""
    if shape == "*":
        return tuple(sizes.values())
    return tuple(
        sizes.get(term, "any")
        if term.isidentifier()
        else sum(sizes[t] if t in sizes else int(t) for t in term.split("+"))
        for term in shape.split()
    )


def _settle(shape, array, sizes):
    """Gives a name of `shape` that the case leaves open the length that the array shows, for all later outputs."""
    terms = shape.split()
    if len(terms) == array.ndim:
        for term, length in zip(terms, array.shape, strict=True):
            if term.isidentifier():
                sizes.setdefault(term, length)


class Check:
    """Judges one function.

    name of the function; points; returns {output name: shape such as "T+1 B H"} (a function with one output returns
    it bare, several come in a dict; a size that the case does not name is the answer's choice); cases(rng) -> list of
    Case; parts, each worth some of the points.
    An output whose shape begins with T or T+1 is a sequence. With unique=False the answer is not determined by the
    inputs, and grading does not compare it with the reference. float32=True accepts single precision. blocks names
    what is stacked along an axis of several times H, such as the gates ("r", "z", "n"), or along two axes, row by row.
    as_if {words: function} says how a question may be misread: the function takes a case's inputs by name and returns
    those that would be others; where a wrong answer is the oracle's answer to them, it is "as if" the words held.
    """

    def __init__(self, name, points, returns, cases, parts, *, float32=False, unique=True, blocks=(), as_if=None):
        if sum(part.points for part in parts) != points:
            raise ValueError(f"{name}: the parts' points do not add up to {points}")
        self.name, self.points, self.returns, self.cases, self.parts = name, points, returns, cases, parts
        self.float32, self.unique, self.blocks, self.as_if = float32, unique, blocks, as_if or {}

    def __call__(self, function):
        """Judge a function in the notebook and print the verdict."""
        print(self.run(function))

    def run(self, function, seed=NOTEBOOK_SEED, reference=None):
        """The verdict on a function that can be called here."""
        if not callable(function):
            return Verdict(self.name, 0, self.points, problem=f"this is {type(function).__name__}, not a function")
        cases = self.cases(np.random.default_rng(seed))
        outcomes = [drivers.attempt(function, case.inputs, case.driver) for case in cases]
        return self.judge(cases, outcomes, self.expect(cases, reference))

    def readings(self, gaps):
        """What explains one output in every case in which it differs."""
        steps = self.returns[gaps[0].output].split()[:1]
        sequence, given = steps in (["T"], ["T+1"]), steps == ["T+1"]
        found = (explain(g.actual, g.expected, g.case.sizes, sequence, given, g.case.inputs) for g in gaps)
        return _common(found) or self._by_blocks(gaps)

    def _by_blocks(self, gaps):
        """Where an output stacks named blocks: which of them are right in every case, and what the others show."""
        cases = [(self._split(g, g.actual), self._split(g, g.expected), g.tolerance) for g in gaps]
        right, wrong = [], {}
        for name in cases[0][0]:
            found = [_block_readings(name, *case) for case in cases if not agree(case[0][name], case[1][name], case[2])]
            if found:
                wrong.setdefault(next(iter(_common(found)), "differs"), []).append(name)
            else:
                right.append(name)
        if not right and set(wrong) <= {"differs"}:
            return []
        hints = [f"the block{'s'[: len(right) > 1]} of {_are(right)} right"] if right else []
        return ["; ".join(hints + [f"{', '.join(names)}: {reading}" for reading, names in wrong.items()])]

    def _split(self, gap, array):
        """{name: block} of an output that stacks blocks, {} of any other."""
        names = np.array(self.blocks)
        axes = [i for i, term in enumerate(self.returns[gap.output].split()) if term in _stacked(len(names))]
        if not names.size or len(axes) != names.ndim:
            return {}
        blocks = [array]
        for axis in axes:
            blocks = [part for block in blocks for part in np.split(block, len(names), axis)]
        return dict(zip(names.ravel().tolist(), blocks, strict=True))

    def tolerance_for(self, actual, tolerance):
        return max(tolerance, FLOAT32_TOLERANCE) if self.float32 and actual.dtype == np.float32 else tolerance

    def expect(self, cases, reference=None):
        """For each case its sources of truth: (name, tolerance, {output: array}). reference is a function, at hand."""
        return [[*self._from_oracle(case), *self._from_reference(case, reference)] for case in cases]

    def judge(self, cases, outcomes, expected=None):
        """The verdict on the outcomes of the cases (see `drivers.attempt`); expected comes from `expect`."""
        unwritten = [outcome for outcome in outcomes if outcome.get("error") == "NotImplementedError"]
        if unwritten:
            return Verdict(self.name, 0, self.points, problem=self._unwritten(unwritten[0].get("where")))
        if expected is None:
            expected = self.expect(cases)
        trials = [self._examine(*parts) for parts in zip(cases, outcomes, expected, strict=True)]
        findings = [self._shapes(trials)]
        for part in self.parts:
            chosen = [t for t in trials if part.group is None or t.case.group == part.group]
            broken = [t for t in chosen if t.problem]
            if broken:
                problem = "see above" if broken[0].problem == findings[0].text else broken[0].problem
                scope = "" if len(broken) == len(chosen) else f"; a problem in {len(broken)} of {len(chosen)} cases"
                wrong = problem + scope
                findings.append(Finding(part.title, False, wrong, 0, part.points))
                continue
            wrong, right = part.judge(self, chosen)
            earned = 0 if wrong else part.points
            findings.append(Finding(part.title, wrong is None, wrong or right, earned, part.points))
        return Verdict(self.name, sum(f.earned for f in findings), self.points, tuple(findings))

    def _from_oracle(self, case):
        if case.oracle:
            yield case.oracle.name, case.oracle.tolerance, _floats(case.oracle.compute(**case.inputs))

    def _from_reference(self, case, reference):
        if reference is None or not self.unique:
            return
        answer = drivers.attempt(reference, case.inputs, case.driver)
        if "value" not in answer:
            raise RuntimeError(f"the reference of {self.name} failed ({case.about}): {answer}")
        values, problem = self._unpack(answer["value"], case)
        if problem:
            raise RuntimeError(f"the reference of {self.name} returns a wrong answer ({case.about}): {problem}")
        yield "the reference", REFERENCE_TOLERANCE, {n: v for n, v in values.items() if not n.startswith("_")}

    def _examine(self, case, outcome, expected):
        trial = Trial(case, outcome, expected=expected)
        where = f" ({case.about})" if case.about else ""
        if "error" in outcome:
            where_in = f"{outcome['where']}, " if outcome.get("where") else ""
            at = f", in {where_in}line {outcome['line']}: {outcome['text']}" if outcome.get("text") else ""
            trial.problem = f"stops with {outcome['error']}: {outcome['message']}{at}{where}{self._elsewhere(outcome)}"
        elif outcome.get("mutated"):
            names = list(case.inputs)
            changed = " and ".join(names[i] for i in outcome["mutated"] if i < len(names))
            trial.problem = f"changes its input {changed}: work on a copy{where}"
        else:
            trial.values, problem = self._unpack(outcome.get("value"), case)
            trial.problem = problem and f"{problem}{where}"
        return trial

    def _unwritten(self, where):
        """What to say of an answer that is not written, or that needs one which is not."""
        if self._is_another_question(where):
            return f"needs `{where}`, which is not implemented yet: answer that question first"
        return UNWRITTEN

    def _elsewhere(self, outcome):
        """What to say of an error that arose in the function of another question, or for want of it; else nothing."""
        missing = re.match(r"name '(\w+)' is not defined", outcome["message"])
        if outcome["error"] == "NameError" and missing and self._is_another_question(missing[1]):
            return f": `{missing[1]}` is a question of its own; answer it first, and run its cell"
        where = outcome.get("where")
        if self._is_another_question(where):
            return f": `{where}` is a question of its own; if its check passes, look at what it is given here"
        return ""

    def _is_another_question(self, name):
        """Whether the unit has such a question besides this one: the checks of a unit stand in one module."""
        return name != self.name and isinstance(vars(sys.modules[self.cases.__module__]).get(name), Check)

    def _unpack(self, value, case):
        """({name: array}, None) or (None, what is wrong with the shape or type)."""
        extra = {}
        if case.driver != "call":
            if not (isinstance(value, dict) and "result" in value):
                return None, "no measurement came back"
            extra = {f"_{k}": v for k, v in value.items() if k != "result"}
            value = value["result"]
        if value is None:
            return None, "returns None: is a `return` missing?"
        if len(self.returns) == 1 and not isinstance(value, dict):
            value = {next(iter(self.returns)): value}
        if not isinstance(value, dict):
            return None, f"returns {_kind(value)}; expected a dict with {_listed(self.returns)}"
        missing = [name for name in self.returns if name not in value]
        if missing:
            return None, f"the dict lacks {_listed(missing)}; it has {_listed(value) or 'nothing'}"
        arrays, sizes = {}, dict(case.sizes)
        for name, shape in self.returns.items():
            array, expected = value[name], _shape_text(shape, sizes)
            if isinstance(array, (str, bytes, dict, type(None))) or callable(array):
                return None, f"{name} is {_kind(array)}; expected an array"
            try:
                array = np.asarray(array)
            except ValueError:
                return None, f"{name} is a list of unequal parts; expected an array of shape {_named(shape, expected)}"
            if array.dtype.kind == "c" or array.dtype.kind not in "fiub":
                return None, f"{name} has dtype {array.dtype}; expected float64"
            _settle(shape, array, sizes)
            expected = _shape_text(shape, sizes)
            if array.shape != expected:
                other = ""
                if array.ndim == 2 and array.shape == expected[::-1]:
                    other = ": transposed?"
                return None, f"{name} has shape {array.shape}; expected {_named(shape, expected)}{other}"
            if (array.dtype == np.float32 and not self.float32) or array.dtype == np.float16:
                return None, f"{name} is {array.dtype}; expected float64"
            arrays[name] = array if array.dtype == np.float32 else array.astype(float)
        return {**arrays, **extra}, None

    def _shapes(self, trials):
        broken = next((t for t in trials if t.problem), None)
        if broken is None:
            return Finding("calls, shapes", True, "right")
        return Finding("calls, shapes", False, broken.problem)


def _floats(named):
    return {name: np.asarray(value, dtype=float) for name, value in named.items()}


def _kind(value):
    return f"a {type(value).__name__}" + (f" of length {len(value)}" if isinstance(value, (tuple, list)) else "")


def _listed(names):
    return ", ".join(map(str, names))


def _are(names):
    return f"{_listed(names)} {'is' if len(names) == 1 else 'are'}"


def _named(shape, numbers):
    if not numbers:
        return "a number"
    text = "(" + ", ".join(shape.split()) + ("," if len(numbers) == 1 else "") + ")"
    shown = str(numbers).replace("'", "")
    return f"{text} = {shown}" if re.search("[A-Za-z]", shape) else shown
