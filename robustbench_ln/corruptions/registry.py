"""The 19 common corruptions, each by its published name.

The noises of the LocalNorm papers (AGN, APN, MBN) have a table of their own: `localnorm_noise.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import Tensor

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS, FAMILY_OF
from robustbench_ln.corruptions import (
    blur,
    color,
    digital,
    elastic,
    fog,
    frost,
    glass,
    motion,
    noise,
    snow,
    spatter,
    zoom,
)
from robustbench_ln.corruptions.contract import (
    Corruption,
    Draws,
    Parameters,
    Streams,
    draw_nothing,
)
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.lookup import find_entry

__all__ = ["CORRUPTIONS", "find_corruption"]

Draw = Callable[[Tensor, Parameters, Streams], Draws]
Apply = Callable[[Tensor, Draws, Parameters], Tensor]

_SOURCE = "hendrycks/robustness, ImageNet-C/create_c (Hendrycks and Dietterich, ICLR 2019)"


def _entry(  # noqa: PLR0913
    name: str,
    draw: Draw,
    apply: Apply,
    departs: str = "",
    *,
    needs_colour: bool = False,
    has_textures: bool = False,
) -> Corruption:
    return Corruption(
        name=name,
        family=FAMILY_OF[name],
        draw=draw,
        apply=apply,
        parameters=MappingProxyType({table: rows[name] for table, rows in SEVERITY_TABLES.items()}),
        is_benchmark=name in BENCHMARK_CORRUPTIONS,
        source=_SOURCE,
        departs=departs,
        needs_colour=needs_colour,
        has_textures=has_textures,
    )


_ENTRIES = (
    _entry("gaussian_noise", noise.draw_normals, noise.add_gaussian),
    _entry("shot_noise", noise.draw_photons, noise.add_shot),
    _entry("impulse_noise", noise.draw_impulses, noise.replace_impulses),
    _entry("defocus_blur", draw_nothing, blur.blur_defocus),
    _entry(
        "glass_blur",
        glass.draw_steps,
        glass.blur_glass,
        "none: like the source, it copies a neighbour where it means to swap with it",
    ),
    _entry(
        "motion_blur",
        motion.draw_angle,
        motion.blur_motion,
        "ImageMagick's arithmetic without ImageMagick",
    ),
    _entry("zoom_blur", draw_nothing, zoom.blur_zoom),
    _entry(
        "snow",
        snow.draw_snow,
        snow.add_snow,
        "ImageMagick's arithmetic without ImageMagick",
    ),
    _entry(
        "frost",
        frost.draw_frost,
        frost.add_frost,
        "without the photographs the frost is procedural and marked so; like the source, five of "
        "the six photographs are drawn from",
        has_textures=True,
    ),
    _entry("fog", fog.draw_fog, fog.add_fog),
    _entry("brightness", draw_nothing, color.brighten),
    _entry("contrast", draw_nothing, color.change_contrast),
    _entry("elastic_transform", elastic.draw_elastic, elastic.warp_elastic),
    _entry("pixelate", draw_nothing, digital.pixelate),
    _entry(
        "jpeg_compression",
        draw_nothing,
        digital.compress_jpeg,
        "libjpeg-turbo; the published files came from libjpeg 9 and differ in 26-45 % of values",
    ),
    _entry("speckle_noise", noise.draw_normals, noise.add_speckle),
    _entry("gaussian_blur", draw_nothing, blur.blur_gaussian),
    _entry(
        "spatter",
        spatter.draw_pixel_normals,
        spatter.add_spatter,
        "where no drop forms the source divides 0 by 0; here the image stays",
    ),
    _entry("saturate", draw_nothing, color.saturate, needs_colour=True),
)

_BY_NAME = {entry.name: entry for entry in _ENTRIES}
CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {name: _BY_NAME[name] for name in FAMILY_OF}
)
"""Name -> corruption, in the published order: the 15 of the benchmark, then the 4 extra."""


def find_corruption(name: str) -> Corruption:
    """Return a common corruption.

    Raises:
        SpecError: No such name; the message suggests the nearest.
    """
    return find_entry(CORRUPTIONS, name, kind="corruption", listed="corruptions")
