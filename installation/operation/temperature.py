"""How hot the machine is, as the kernel tells it."""

from __future__ import annotations

from pathlib import Path

ZONES = Path("/sys/class/thermal")
SENSORS = Path("/sys/class/hwmon")
CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal")  # those that measure the processor
LOWEST, HIGHEST = 1.0, 150.0  # degrees Celsius; anything else is a sensor that is not connected


def processor_celsius(zones: Path = ZONES, sensors: Path = SENSORS) -> float | None:
    """The hottest of the processor's sensors; where none is known as such, of all thermal zones. None where nothing measures."""
    found = [value for chip in sensors.glob("hwmon*") if _name(chip / "name") in CHIPS for value in _values(chip, "temp*_input")]
    found = found or [value for zone in zones.glob("thermal_zone*") for value in _values(zone, "temp")]
    return max(found, default=None)


def _values(folder: Path, pattern: str) -> list[float]:
    values = []
    for path in folder.glob(pattern):
        try:
            value = int(path.read_text()) / 1000
        except (OSError, ValueError):
            continue
        if LOWEST <= value <= HIGHEST:
            values.append(value)
    return values


def _name(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
