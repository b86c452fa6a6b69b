"""Ways of differentiating to choose from: ``dp.backends.Reverse().gradient(f, x)``, or a backend of one's own."""
from .backend import Backend
from .compiled import Forward, Reverse
from .differences import FiniteDifference
from .higher_order import HigherOrder
from .trees import mapped, moved

__all__ = ["Backend", "FiniteDifference", "Forward", "HigherOrder", "Reverse", "mapped", "moved"]
