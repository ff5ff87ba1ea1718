"""The hazards that CASA warns of: one file of data each, and no code.

``data/<hazard>.toml`` says what machines call a hazard and what people hear of it, at each level in
each language; ``CASA_HAZARDS`` names a folder with more of them. Whoever lists hazards asks here.
Begin at ``registry.py``; docs/adding/a-hazard.md is for who adds one.
"""

from casa.disasters.hazards.registry import (
    FACTS,
    LEVELS,
    Cell,
    Hazard,
    HazardError,
    HazardWords,
    Strength,
    StrengthWords,
    categories,
    hazard,
    hazards,
    names,
    use,
)

__all__ = [
    "FACTS",
    "LEVELS",
    "Cell",
    "Hazard",
    "HazardError",
    "HazardWords",
    "Strength",
    "StrengthWords",
    "categories",
    "hazard",
    "hazards",
    "names",
    "use",
]
