"""The family of errors that end the program with one sentence and an exit code.

FacetsError
├── ConfigError     2  arguments, configuration, presets
├── WeightsError    2  a model file that cannot be used
├── SourceError     3  a camera, clip or folder that cannot be opened
├── DisplayError    3  a window or renderer that cannot be opened
└── FaultError      4  a fault that retries did not cure
"""

from typing import ClassVar


class FacetsError(Exception):
    """What went wrong, where, and what to do, in one sentence for a person."""

    exit_code: ClassVar[int] = 4


class ConfigError(FacetsError):
    """Bad arguments, configuration or preset: file, line, key, value, reason."""

    exit_code = 2


class WeightsError(FacetsError):
    """A model file that is missing, broken or does not fit."""

    exit_code = 2


class SourceError(FacetsError):
    """A source that cannot be opened or read."""

    exit_code = 3


class DisplayError(FacetsError):
    """A display that cannot be opened."""

    exit_code = 3


class FaultError(FacetsError):
    """A fault that retries did not cure."""

    exit_code = 4
