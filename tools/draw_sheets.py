"""Draw the picture sheets of docs/corruptions.md from a scene that is made here, pixel by pixel.

    python -m tools.draw_sheets

The frost is procedural: the photographs are not ours to publish.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from robustbench_ln.corrupted_sets.preview import draw_sheet
from robustbench_ln.corruptions.fog import plasma
from robustbench_ln.corruptions.request import resolve_one_family
from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.data.image_set import ArrayImages, Pixels
from robustbench_ln.rng import stream
from robustbench_ln.spec import ConditionRequest

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
DRAWN = 512
"""Side of the scene before it is scaled down."""


def draw_scene(side: int) -> Pixels:
    """Return [side, side, 3] uint8: a red boat on the sea under a clouded sky."""
    clouds, waves = plasma(
        torch.from_numpy(stream(0, "docs scene").random((2, DRAWN * DRAWN - 1))), 2.0
    ).numpy()
    share = clouds[..., None] ** 1.5
    sky = (1 - share) * np.array([70, 130, 210]) + share * np.array([245, 245, 250])
    sea = (0.5 + 0.8 * waves[:, ::-1, None]) * np.array([20, 85, 110])
    is_sea = np.arange(DRAWN)[:, None, None] > 0.66 * DRAWN
    pixels = np.where(is_sea, sea, sky).clip(0, 255).astype(np.uint8)
    scene = Image.fromarray(pixels)
    pen = ImageDraw.Draw(scene)
    pen.ellipse((390, 40, 470, 120), fill=(255, 225, 90))
    pen.polygon([(90, 330), (400, 330), (345, 415), (145, 415)], fill=(190, 40, 35))
    pen.rectangle((90, 330, 400, 345), fill=(245, 240, 225))
    pen.rectangle((248, 90, 258, 330), fill=(90, 60, 40))
    pen.polygon([(268, 100), (268, 310), (395, 310)], fill=(250, 245, 235))
    pen.polygon([(238, 130), (238, 310), (135, 310)], fill=(235, 150, 50))
    for window in range(160, 340, 45):
        pen.ellipse((window, 360, window + 22, 382), fill=(60, 70, 90))
    return np.asarray(scene.resize((side, side), Image.Resampling.LANCZOS))


def main() -> None:
    """Write one sheet for each severity table."""
    PICTURES.mkdir(exist_ok=True)
    for table, side, severities in (
        ("cifar10-c", 32, (1, 2, 3, 4, 5)),
        ("imagenet-c", 224, (1, 3, 5)),
    ):
        scene = draw_scene(side)[None]
        images = ArrayImages(
            source="scene", kind="arrays", pixels=scene, labels=np.zeros(1, dtype=np.int64)
        )
        found = resolve_one_family(ConditionRequest(corruptions=(table,), severities=severities))
        sheet = draw_sheet(images, found.conditions, StreamOptions(seed=0, frost=found.frost))
        sheet.save(PICTURES / f"{table}_{side}.jpg", quality=80)


if __name__ == "__main__":
    main()
