"""The 19 common corruptions and the LocalNorm noises: draw from named streams, then apply."""

from robustbench_ln.corruptions.contract import Corruption, corrupt_images
from robustbench_ln.corruptions.degrade import Degraded, degrade
from robustbench_ln.corruptions.frost import FrostTextures, load_frost_textures, with_textures
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS, find_corruption
from robustbench_ln.corruptions.severities import SEVERITY_TABLES, severity_parameters

__all__ = [
    "CORRUPTIONS",
    "NOISES",
    "SEVERITY_TABLES",
    "Corruption",
    "Degraded",
    "FrostTextures",
    "corrupt_images",
    "degrade",
    "find_corruption",
    "load_frost_textures",
    "severity_parameters",
    "with_textures",
]
