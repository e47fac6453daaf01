"""What runs in the student's kernel to answer the grading process: inputs in, arrays out, no expected value.

The grading process sends one message for all cases of a question and reads the reply of `respond` as text.
"""

import base64

from autograde import drivers
from autograde.wire import WireError, pack, unpack


def respond(namespace, name, message):
    """Base64 of the packed outcomes of the cases in `message` (base64 of packed [inputs, driver] pairs)."""
    cases = unpack(base64.b64decode(message))
    function = namespace.get(name)
    if not callable(function):
        what = "is not defined" if name not in namespace else f"is a {type(function).__name__}, not a function"
        outcomes = [{"error": "NameError", "message": f"{name} {what}", "line": 0, "text": ""}] * len(cases)
    else:
        outcomes = [drivers.attempt(function, inputs, driver) for inputs, driver in cases]
    try:
        packed = pack(outcomes)
    except WireError:
        packed = pack([_sendable(outcome) for outcome in outcomes])
    return base64.b64encode(packed).decode()


def _sendable(outcome):
    try:
        pack(outcome)
    except WireError as error:
        return {"error": "WireError", "message": str(error), "line": 0, "text": ""}
    return outcome
