"""Takes the gradients that are named on the command line, or all, and prints what it met as JSON."""
import json
import sys
import warnings

import kernels
import numpy as np

import dpcompile as dp
from dpcompile.operators import primal
from tests.work import counted_calls

compiled = []


def counted(compile_it):
    def count(*args, **options):
        compiled.append(args)
        return compile_it(*args, **options)

    return count


primal.compile_primal, primal.compile_derivative = counted(primal.compile_primal), counted(primal.compile_derivative)


def plain(value):
    return [plain(item) for item in value] if isinstance(value, tuple) else np.asarray(value).tolist()


def called(function, *args):
    """The value, how many functions of Python that took, and the warnings."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        value, calls = counted_calls(lambda: function(*args))
    return value, calls, [f"{warning.category.__name__}: {warning.message}" for warning in given]


def outcome(function, args):
    compiled.clear()
    value, calls, given = called(function, *args)
    hit = bool(function.stats.cache_hits) if hasattr(function, "stats") else not compiled
    return {"value": plain(value), "hit": hit and not compiled, "calls": calls, "warnings": given}


def message(name):
    try:
        kernels.CASES[name][0](kernels.POINT + 1000.0)
    except ValueError as error:
        return str(error)


names = sys.argv[1:] or kernels.CASES
found = {name: outcome(*kernels.CASES[name]) for name in names}
if not sys.argv[1:]:
    value, _, given = called(kernels.calling, 2.0)
    pointer = dp.grad(kernels.of_a_pointer)
    found["other"] = {"calling": value, "warnings of calling": given, "warnings of a pointer": called(pointer, 1.0)[2],
                      "messages": [message("raising"), message("raising_in_words")]}
    dp.config.max_tape_bytes = 100_000
    value, _, given = called(*[kernels.CASES["long_loop"][0], *kernels.CASES["long_loop"][1]])
    found["other"]["long_loop"] = {"value": plain(value), "warnings": given}
print(json.dumps(found))
