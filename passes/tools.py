"""``dp-opt``: runs passes by name on a file of LLVM IR and prints what they print, or the module they leave.

An analysis prints its result in place of the module; ``-`` reads the standard input.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .errors import PassError
from .ir.model import Module
from .ir.reader import read
from .ir.writer import write, write_function
from .registry import PASSES, Options


def main(arguments: list[str] | None = None) -> int:
    """The console command; returns its exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        _run(parsed)
    except (PassError, OSError) as error:
        print(f"dp-opt: {error}", file=sys.stderr)
        return 1
    return 0


def _run(parsed: argparse.Namespace) -> None:
    options = Options(parsed.function, dict(parsed.set))
    module = read(sys.stdin.read() if parsed.file == "-" else Path(parsed.file).read_text())
    report = None
    for name in parsed.passes:
        report = PASSES[name](module, options)
        if parsed.print_after_all:
            print(f"; after {name}")
        if report is not None:
            print(report)
        if parsed.print_after_all:
            print(_shown(module, options))
    if report is None and not parsed.print_after_all:
        print(_shown(module, options))


def _shown(module: Module, options: Options) -> str:
    if options.function:
        made = [f for f in module.functions.values() if f.name.startswith(f"{options.function}.") and f.blocks]
        return "\n\n".join(map(write_function, [*options.functions(module), *made]))
    return write(module).rstrip("\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dp-opt", description="Runs passes of dpcompile on LLVM IR.")
    parser.add_argument("--pass", dest="passes", type=_names, default=["read"], metavar="NAME[,NAME...]",
                        help=f"passes to run in order: {', '.join(PASSES)}")
    parser.add_argument("--print-after-all", action="store_true", help="print the module after each pass")
    parser.add_argument("--function", default="", metavar="F", help="analyse and print this function only")
    parser.add_argument("--set", action="append", type=_setting, default=[], metavar="NAME=VALUE",
                        help="a setting for the passes that know it")
    parser.add_argument("file", help="a file of LLVM IR, or - for the standard input")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in PASSES:
            raise argparse.ArgumentTypeError(f"unknown pass {name!r}; there are {', '.join(PASSES)}")
    return names


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
