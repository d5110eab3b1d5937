"""What every reader of model files raises; apart from the readers, so that each of them can import it."""

from installation.errors import WeightsError


class CheckpointError(WeightsError):
    """A model file that is missing, broken, or not what it was taken for; the message says which."""


class MissingPartError(CheckpointError):
    """A model file that is good and does not hold the part that was asked for."""
