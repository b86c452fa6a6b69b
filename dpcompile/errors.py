"""What differentiation raises: each class states its cause, an example that fails and what to do instead."""
from __future__ import annotations


class DifferentiationError(Exception):
    """Base of all errors of dpcompile."""


class CheckpointWarning(UserWarning):
    """A loop is run again for its reverse sweep, because its tape would be larger than ``dp.config.max_tape_bytes``."""


class ComparisonWarning(UserWarning):
    """The derivative of a function is zero by an argument that decides its result by comparisons or integers alone.

    Example: ``dp.grad(f)`` of an ``f`` that finds a root by bisection.
    Fix: give a root its derivative by ``dp.implicit_root``, or end the search with a step of Newton's method. Where zero is
    meant, leave the argument out of ``argnums``, or silence the warning by ``warnings.filterwarnings``.
    """


class CacheWarning(UserWarning):
    """A derivative of a function with ``cache=True`` is compiled in each process, because something that it is made of cannot
    be told from something else by looking at it, or belongs to the process.

    Example: ``dp.grad(f)`` of an ``f`` that calls a function pointer, or names a dictionary.
    Fix: pass what the message names as an argument, or write it as numbers, arrays and tuples of them.
    """


class UnsupportedError(DifferentiationError):
    """Active data reaches something that has no derivative here.

    Example: a kernel that appends its float argument to a ``set`` and returns its sum; one that reads the halves of its floats
    through ``view(np.float32)``.
    Fix: do what the message's last line says; keep the construct away from the arguments named in ``argnums``, or give
    the function its own derivative.
    """


class NotAFunctionError(DifferentiationError, TypeError):
    """What should be differentiated is neither a ``dp.jit`` or ``numba.njit`` function nor a Python function.

    Example: ``dp.grad(np.sin)``.
    Fix: wrap it: ``dp.grad(numba.njit(lambda x: np.sin(x)))``.
    """


class ArgumentSelectionError(DifferentiationError, ValueError):
    """``argnums`` or ``argnames`` do not select arguments of the function.

    Example: ``dp.grad(f, argnums=2)`` of a function of two arguments; ``argnums`` given together with ``argnames``.
    Fix: number arguments from 0, or use their names.
    """


class RuleError(DifferentiationError, TypeError):
    """A derivative that a user gave for a function does not fit the function.

    Example: a backward rule that returns one number for a function of two arguments.
    Fix: ``fwd(*args)`` returns ``(result, residual)``, ``bwd(residual, cotangent)`` a tuple with one cotangent an argument
    (``None`` for none), ``jvp(primals, tangents)`` a pair ``(result, tangent)``.
    """


class CheckpointError(DifferentiationError, ValueError):
    """``dp.checkpoint`` was given counts that make no sense, or a step that does not lead from state to state.

    Example: ``dp.checkpoint(lambda x: (x, x), steps=10)``.
    Fix: give positive counts; let ``step(state, *parameters)`` return a state of the same structure and types, or change
    the arrays of the state and return nothing.
    """


class ConvergenceError(DifferentiationError, ArithmeticError):
    """An iteration has not converged to the solution whose derivative is given by its equation.

    Example: ``dp.fixed_point(step)`` of a step that is no contraction; a solver of ``dp.implicit_root`` that gives up early.
    Fix: let it iterate further (``max_steps``), start closer, or raise ``tol``.
    """


class ModeError(DifferentiationError, ValueError):
    """A way of differentiating is asked for that there is not.

    Example: ``dp.jacobian(f, mode="sideways")``.
    Fix: ``"auto"``, ``"forward"`` or ``"reverse"``.
    """


class BackendError(DifferentiationError, TypeError):
    """A backend supplies nothing to differentiate with, supplies something else than it should, or cannot take what
    another one gives.

    Example: ``dp.backends.HigherOrder(dp.backends.Forward(), dp.backends.FiniteDifference()).hessian(f, x)``.
    Fix: define ``pushforward``, ``pullback`` or ``jacobian`` in a class derived from ``dp.backends.Backend``; put backends
    that give compiled code (``Reverse``, ``Forward``) inside, others outside.
    """


class IntegerArgumentError(DifferentiationError, TypeError):
    """A derivative is wanted with respect to an integer, a boolean or another type that is not differentiable.

    Example: ``dp.grad(f)(3)``.
    Fix: pass a float (``dp.grad(f)(3.0)``), or leave that argument out of ``argnums``.
    """


class NonScalarResultError(DifferentiationError, TypeError):
    """The gradient is defined for functions that return one real number.

    Example: ``dp.grad(f)`` where ``f`` returns an array or a tuple.
    Fix: return a scalar, use ``has_aux=True`` for ``(scalar, anything)``, or ``dp.vjp`` and ``dp.jacobian``.
    """


class NonFloatResultError(DifferentiationError, TypeError):
    """The function returns an integer, a boolean, a complex number or nothing where a real float is needed.

    Example: ``dp.grad(f)`` where ``f`` returns ``int(x)``.
    Fix: return a float; of a complex loss return its real part or its modulus; for a kernel that writes into its
    arguments use ``dp.autodiff(dp.Reverse, f, dp.Duplicated(x, dx), …)``.
    """


class AliasedArgumentsError(DifferentiationError, ValueError):
    """An array that the kernel writes shares memory with another argument or with itself: derivatives cannot be told apart.

    Example: ``dp.grad(f)(x, x[1:])`` where ``f`` writes into its second argument, or into windows of one array that overlap.
    Fix: pass a copy. Views that share no element, as ``x[::2]`` and ``x[1::2]``, are fine.
    """


class ShadowError(DifferentiationError, ValueError):
    """A shadow, tangent or cotangent does not fit the argument or result that it belongs to.

    Example: ``dp.Duplicated(x, np.zeros(3))`` for an ``x`` of four elements.
    Fix: ``np.zeros_like(x)`` always fits.
    """


class ShadowShapeError(ShadowError):
    """The shadow has another shape, structure or element type than its primal.

    Example: ``dp.Duplicated(np.zeros(4), np.zeros(3))``.
    Fix: ``np.zeros_like(x)``.
    """


class ShadowMemoryError(ShadowError):
    """The shadow is read-only, misaligned, reaches one cell by several indices, or overlaps other memory of the call.

    Example: ``dp.Duplicated(x, x)``; ``dp.Duplicated(x, np.broadcast_to(0.0, x.shape))``.
    Fix: give each argument a shadow of its own, made by ``np.zeros_like(x)``.
    """


class SeedError(ShadowError):
    """The seed has not the structure of the function's result.

    Example: ``dp.autodiff(dp.Reverse, f, dp.Active(x))`` without ``seed=`` where ``f`` returns an array.
    Fix: pass ``seed=`` a number for each number and an array of the same shape for each array that ``f`` returns.
    """


class AnnotationError(DifferentiationError, TypeError):
    """``dp.autodiff`` was given an argument without annotation, or one whose annotation does not fit its type or mode.

    Example: ``dp.autodiff(dp.Reverse, f, dp.Active(np.ones(3)))``.
    Fix: ``dp.Active`` is for numbers passed by value in reverse mode, ``dp.Duplicated(x, dx)`` for arrays and for
    forward mode, ``dp.Const(x)`` for everything else.
    """


class SparsityError(DifferentiationError, ValueError):
    """A sparsity that was given, or found by another sweep, does not hold for the matrix at these arguments.

    Example: ``dp.jacobian(f, sparse=dp.sparsity(f, x))(y)`` where ``f`` takes another branch at ``y``.
    Fix: ``sparse=True``, which finds the pattern at each call.
    """


class DegenerateSpectrumError(DifferentiationError, ArithmeticError):
    """Vectors of equal eigenvalues or singular values have no derivative: any rotation of them would do as well.

    Example: ``dp.grad(lambda a: np.linalg.eigh(a)[1][0, 0])(np.eye(2))``.
    Fix: use what does not depend on the choice (``np.linalg.eigvalsh``, ``inv``, ``matrix_power``), or vectors of values
    that are apart.
    """


class TapeTooLargeError(DifferentiationError, MemoryError):
    """What the reverse sweep needs from the primal would take more than ``dp.config.max_tape_bytes``.

    Example: the gradient of a simulation with 10⁹ steps that each change a large state.
    Fix: recompute instead of storing (``dp.checkpoint``), or raise the limit.
    """


class BarrierError(DifferentiationError, RuntimeError):
    """Threads of a block wait for each other at different barriers, so that none may go on.

    Example: ``dp.cuda.simulate`` of a kernel with ``cuda.syncthreads()`` in a branch that only some threads take.
    Fix: let all threads of a block come to the same barriers; leave before the first one, or do nothing between them.
    """


class ThreadError(DifferentiationError, RuntimeError):
    """A thread of a simulated kernel has raised an exception, or uses more shared memory than the launch gives.

    Example: ``dp.cuda.simulate`` of a kernel with ``raise ValueError`` for an index out of range.
    Fix: give the kernel what it can compute with, and its blocks the memory (``shared=``). On a GPU a thread that raises ends
    there, without a word, and has no reverse sweep.
    """


class InternalError(DifferentiationError, RuntimeError):
    """dpcompile met a state that it should never be in, and stopped rather than guess a derivative.

    Example: none that should exist.
    Fix: please report the function and the types of its arguments.
    """


class GradientCheckError(DifferentiationError, AssertionError):
    """``dp.check_grads`` found a derivative that differs from finite differences.

    Example: the message names the argument, the entry and both numbers.
    Fix: where the function has no kink there, please report it.
    """
