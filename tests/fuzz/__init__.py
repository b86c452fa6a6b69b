"""Random programs against an exact reference: generate, examine, shrink. ``python tests/fuzz/run.py --help``."""
