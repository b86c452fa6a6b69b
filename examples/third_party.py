"""A kernel of a package that has never heard of dpcompile, differentiated unchanged.

choclo computes the gravity of rectangular prisms with Numba: ``gravity_pot`` is the potential, and ``gravity_e``,
``gravity_n``, ``gravity_u`` are its derivatives along the three axes, in closed form.  The gradient of the first must
give the other three.  It also gives what the package does not: the derivatives with respect to the prism's own faces
and density, which an inversion needs.
"""
import dpcompile as dp

OBSERVER = 120.0, -80.0, 60.0
PRISM = -100.0, 150.0, -50.0, 90.0, -300.0, -40.0
DENSITY = 2670.0


def main():
    """The field at the observer, by derivatives and in closed form; None where choclo is not installed."""
    try:
        from choclo.prism import gravity_e, gravity_n, gravity_pot, gravity_u
    except ImportError:
        print("choclo is not installed: pip install 'dpcompile[examples]'")
        return None
    gradient = dp.grad(gravity_pot, argnums=tuple(range(10)))(*OBSERVER, *PRISM, DENSITY)
    field = [component(*OBSERVER, *PRISM, DENSITY) for component in (gravity_e, gravity_n, gravity_u)]
    for axis, derivative, closed_form in zip(("easting", "northing", "upward"), gradient, field, strict=False):
        print(f"{axis:9} by dpcompile {derivative:+.15e}   by choclo {closed_form:+.15e}")
    print("with respect to the faces:", *(f"{derivative:+.3e}" for derivative in gradient[3:9]))
    return gradient[:3], field


if __name__ == "__main__":
    main()
