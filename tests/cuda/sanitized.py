"""Launches every gradient once: what compute-sanitizer is run on."""
import numpy as np

import dpcompile as dp
from tests.cuda.kernels import RECORDS
from tests.cuda.kernels.launches import annotated, shadows_of


def main() -> None:
    for record in RECORDS:
        rng = np.random.default_rng(1)
        args = record.make(rng)
        given = annotated(args, shadows_of(record, args, rng))
        dp.cuda.grad(record.kernel)[record.grid, record.block, 0, record.shared](*given)
    print(f"launched {len(RECORDS)} gradients")


if __name__ == "__main__":
    main()
