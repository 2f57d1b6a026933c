"""The 19 corruptions, one image and mostly one value at a time, written from the specification.

Each function takes one uint8 image [H, W, 3], the row of a severity table and this image's draws,
and returns grey levels 0..255 as float64, not yet truncated: where a level is whole, the order of
additions decides what truncation makes of it. Nothing of the package is imported. SciPy, Pillow
and OpenCV stand where the published generator is defined by them.
"""

from __future__ import annotations

import colorsys
import io
import math

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage


def clamp(position, size):
    return min(max(position, 0), size - 1)


def mirror(position, size):
    while not 0 <= position < size:
        position = -position if position < 0 else 2 * (size - 1) - position
    return position


def levels_of(pixels):
    return np.clip(pixels, 0, 1) * 255


def gaussian(sigma, radius):
    weights = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-radius, radius + 1)]
    return [weight / sum(weights) for weight in weights]


def correlate(pixels, kernel, border):
    """Correlate with {(row offset, column offset): weight}."""
    height, width = pixels.shape[:2]
    result = np.zeros(pixels.shape)
    for y in range(height):
        for x in range(width):
            for (down, right), weight in kernel.items():
                result[y, x] += weight * pixels[border(y + down, height), border(x + right, width)]
    return result


def square_kernel(weights):
    radius = len(weights) // 2
    reach = range(-radius, radius + 1)
    return {(i, j): weights[i + radius] * weights[j + radius] for i in reach for j in reach}


def smooth(pixels, sigma):
    return correlate(pixels, square_kernel(gaussian(sigma, math.floor(4 * sigma + 0.5))), clamp)


def gaussian_noise(image, row, normal):
    return levels_of(image / 255 + row[0] * normal)


def speckle_noise(image, row, normal):
    return levels_of(image / 255 + image / 255 * row[0] * normal)


def shot_noise(image, row, counts):
    return levels_of(counts / row[0])


def impulse_noise(image, row, chance, is_white):
    result = image.astype(float)
    for place in np.ndindex(image.shape):
        if chance[place] < row[0]:
            result[place] = 255 if is_white[place] else 0
    return result


def gaussian_blur(image, row):
    return levels_of(smooth(image / 255, row[0]))


def defocus_blur(image, row):
    radius, alias = row
    reach = 8 if radius <= 8 else int(radius)
    size = 2 * reach + 1
    disk = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            disk[i, j] = (i - reach) ** 2 + (j - reach) ** 2 <= radius**2
    soft = square_kernel(gaussian(alias, 1 if radius <= 8 else 2))
    kernel = correlate(disk / disk.sum(), soft, mirror)
    taps = {
        (i - reach, j - reach): kernel[i, j]
        for i in range(size)
        for j in range(size)
        if kernel[i, j]
    }
    return levels_of(correlate(image / 255, taps, mirror))


def glass_blur(image, row, codes):
    sigma, reach, iterations = row[0], int(row[1]), int(row[2])
    height, width = image.shape[:2]
    levels = np.floor(levels_of(smooth(image / 255, sigma)))
    for iteration in range(iterations):
        for i, y in enumerate(range(height - reach, reach, -1)):
            for j, x in enumerate(range(width - reach, reach, -1)):
                dx, dy = divmod(int(codes[iteration, i, j]), 2 * reach)
                levels[y, x] = levels[y + dy - reach, x + dx - reach]
    return levels_of(smooth(levels / 255, sigma))


def imagemagick_motion(levels, radius, sigma, degrees):
    taps = 2 * int(radius) + 1
    weights = [math.exp(-(i**2) / (2 * sigma**2)) for i in range(taps)]
    angle = math.radians(degrees)
    height, width = levels.shape[:2]
    result = np.zeros(levels.shape)
    for y in range(height):
        for x in range(width):
            total = 0
            for i, weight in enumerate(weights):
                row = clamp(y + math.ceil(i * math.sin(angle) - 0.5), height)
                column = clamp(x + math.ceil(i * math.cos(angle) - 0.5), width)
                total = total + weight / sum(weights) * 257 * levels[row, column].astype(float)
            result[y, x] = np.floor(np.floor(total + 0.5) / 257)
    return result


def motion_blur(image, row, degrees):
    return imagemagick_motion(image, row[0], row[1], degrees)


def zoom_axis(values, factor):
    """Zoom the first axis."""
    size = len(values)
    crop = math.ceil(size / factor)
    offset = (size - crop) // 2
    enlarged = round(crop * factor)
    result = []
    for i in range(enlarged):
        source = i * (crop - 1) / (enlarged - 1)
        left = min(math.floor(source), crop - 2)
        share = source - left
        part = values[offset + left] * (1 - share) + values[offset + left + 1] * share
        result.append(part)
    trim = (enlarged - size) // 2
    return np.array(result[trim : trim + size])


def clipped_zoom(pixels, factor):
    zoomed = zoom_axis(pixels.astype(np.float64), factor)
    return np.swapaxes(zoom_axis(np.swapaxes(zoomed, 0, 1), factor), 0, 1)


def zoom_blur(image, row):
    pixels = (image / 255).astype(np.float32)
    total = np.zeros_like(pixels)
    factors = np.arange(1, row[0], row[1])
    for factor in factors:
        total += clipped_zoom(pixels, factor).astype(np.float32)
    return levels_of((pixels + total) / (len(factors) + 1))


def snow(image, row, normal, degrees):
    mean, std, zoom, threshold, radius, sigma, keep = row
    layer = clipped_zoom(mean + std * normal, zoom)
    layer[layer < threshold] = 0
    layer = imagemagick_motion(np.floor(levels_of(layer)), radius, sigma, degrees) / 255
    result = np.zeros(image.shape)
    for y, x in np.ndindex(layer.shape):
        pixel = image[y, x] / 255
        grey = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]
        pale = keep * pixel + (1 - keep) * np.maximum(pixel, 1.5 * grey + 0.5)
        result[y, x] = pale + layer[y, x] + layer[-1 - y, -1 - x]
    return levels_of(result)


def frost(image, row, window):
    return np.clip(row[0] * image + row[1] * window.astype(float), 0, 255)


def fog(image, row, uniforms):
    amount, decay = row
    size = 1
    while size < max(image.shape[:2]):
        size *= 2
    draws = iter(uniforms.tolist())
    field = np.zeros((size, size))
    step, wibble = size, 100.0

    def mean_and_noise(*neighbours):
        mean = sum(field[y % size, x % size] for y, x in neighbours) / 4
        return mean + wibble * (-wibble + 2 * wibble * next(draws))

    while step >= 2:
        half = step // 2
        corners = [(y, x) for y in range(0, size, step) for x in range(0, size, step)]
        for y, x in corners:
            field[y + half, x + half] = mean_and_noise(
                (y, x), (y + step, x), (y, x + step), (y + step, x + step)
            )
        for y, x in corners:
            field[y, x + half] = mean_and_noise(
                (y - half, x + half), (y + half, x + half), (y, x), (y, x + step)
            )
        for y, x in corners:
            field[y + half, x] = mean_and_noise(
                (y, x), (y + step, x), (y + half, x - half), (y + half, x + half)
            )
        step, wibble = half, wibble / decay
    field = (field - field.min()) / (field.max() - field.min())
    fogged = image / 255 + amount * field[: image.shape[0], : image.shape[1], None]
    brightest = image.max() / 255
    return levels_of(fogged * brightest / (brightest + amount))


def change_hsv(image, change):
    result = np.zeros(image.shape)
    for y, x in np.ndindex(image.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*(image[y, x] / 255))
        result[y, x] = colorsys.hsv_to_rgb(hue, *change(saturation, value))
    return levels_of(result)


def brightness(image, row):
    return change_hsv(image, lambda s, v: (s, min(v + row[0], 1)))


def saturate(image, row):
    return change_hsv(image, lambda s, v: (min(max(s * row[0] + row[1], 0), 1), v))


def contrast(image, row):
    pixels = image / 255
    mean = pixels.mean(axis=(0, 1))
    return levels_of((pixels - mean) * row[0] + mean)


def elastic_transform(image, row, corners, fields):
    amount, sigma, affine, is_share = row
    height, width = image.shape[:2]
    unit = min(height, width) if is_share else 1
    middle, reach = np.array([width // 2, height // 2]), min(height, width) // 3
    old = middle + reach * np.array([[1, 1], [1, -1], [-1, -1]])
    new = old + corners * affine * unit
    back = np.linalg.solve(np.column_stack([new, np.ones(3)]), old)  # (x, y, 1) @ back = old (x, y)
    y, x = np.mgrid[:height, :width].astype(float)
    source = np.stack([x, y, np.ones_like(x)], axis=-1) @ back
    pixels = image / 255
    warped = [
        ndimage.map_coordinates(
            pixels[..., c], [source[..., 1], source[..., 0]], order=1, mode="mirror"
        )
        for c in range(3)
    ]
    if amount:
        dx, dy = (
            ndimage.gaussian_filter(field, sigma * unit, mode="reflect", truncate=3)
            * (amount * unit)
            for field in fields
        )
        warped = [
            ndimage.map_coordinates(channel, [y + dy, x + dx], order=1, mode="reflect")
            for channel in warped
        ]
    return levels_of(np.stack(warped, axis=-1))


def pixelate(image, row):
    height, width = image.shape[:2]
    small = (int(width * row[0]), int(height * row[0]))
    picture = Image.fromarray(image).resize(small, Image.Resampling.BOX)
    return np.array(picture.resize((width, height), Image.Resampling.BOX))


def jpeg_compression(image, row):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(row[0]))
    return np.array(Image.open(file))


def spatter(image, row, normal):
    mean, std, sigma, threshold, strength, is_mud = row
    liquid = ndimage.gaussian_filter(mean + std * normal, sigma, mode="nearest", truncate=4)
    if is_mud:
        mask = np.where(liquid > threshold, 1.0, 0.0)
        mask = ndimage.gaussian_filter(mask, strength, mode="nearest", truncate=4)
        mask = np.where(mask < 0.8, 0, mask)[..., None]
        return levels_of(image / 255 * (1 - mask) + mask * np.array([63, 42, 20]) / 255)
    levels = np.floor(255 * np.where(liquid < threshold, 0, liquid)).astype(np.uint8)
    box = {(i, j): 1 / 9 for i in (-1, 0, 1) for j in (-1, 0, 1)}
    emboss = {(-1, -1): -2, (-1, 0): -1, (0, -1): -1, (0, 0): 1, (0, 1): 1, (1, 0): 1, (1, 1): 2}
    edges = cv2.Canny(levels, 50, 150)
    away = np.minimum(cv2.distanceTransform(255 - edges, cv2.DIST_L2, 5), 20)
    near = cv2.equalizeHist(np.floor(correlate(away, box, mirror) + 1e-4).astype(np.uint8))
    relief = np.clip(correlate(near.astype(float), emboss, mirror), 0, 255)
    mask = levels * np.round(correlate(relief, box, mirror))
    if mask.max() > 0:
        mask = mask / mask.max() * strength
    return levels_of(image / 255 + mask[..., None] * np.array([175, 238, 238]) / 255)
