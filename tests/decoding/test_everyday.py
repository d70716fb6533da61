"""Whatever Pillow writes without loss is seen as it was, from bytes and from files, any way up."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from cnnlab import images

ROWS, COLUMNS = np.mgrid[:12, :20]
RGB = Image.fromarray(np.stack([COLUMNS * 12, ROWS * 20, ROWS * COLUMNS], -1).astype(np.uint8))
ALPHA = Image.fromarray((ROWS * COLUMNS).astype(np.uint8))
WRITERS = {
    "PNG": [{}, {"optimize": True}],
    "BMP": [{}],
    "GIF": [{}, {"interlace": 0}],
    "PPM": [{}],
    "WEBP": [{"lossless": True, "exact": True}],
    "TIFF": [
        {"compression": name}
        for name in (None, "tiff_lzw", "packbits", "tiff_adobe_deflate", "group4", "lzma")
    ],
}
MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "F"]
UPRIGHT = {  # by what a camera notes: how its picture is to be turned
    1: lambda pixels: pixels,
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}


def picture_of(mode):
    if mode == "I;16":
        return Image.fromarray((COLUMNS * 3000 + ROWS).astype(np.uint16))
    if mode == "F":
        return Image.fromarray((COLUMNS / 20).astype(np.float32))
    if mode in {"P", "PA"}:
        picture = RGB.quantize(16)
        if mode == "PA":
            picture.putalpha(ALPHA)
        return picture
    picture = RGB.convert("L" if mode in {"LA", "La"} else "RGB")
    if mode in {"LA", "La", "RGBA"}:
        picture.putalpha(ALPHA)
    return picture.convert(mode)


def seen(picture):
    pixels = np.asarray(picture)
    if picture.mode in {"I;16", "F"}:
        return pixels / (65535 if picture.mode == "I;16" else 1)
    if picture.mode in {"LA", "La", "PA", "RGBA"}:
        whole = np.asarray(picture.convert("LA" if picture.mode == "La" else "RGBA")) / 255
        shares, alpha = whole[..., :-1], whole[..., -1:]
        image = shares * alpha + 1 - alpha
        return image[..., 0] if picture.mode in {"LA", "La"} else image
    return np.asarray(picture.convert("L" if picture.mode in {"1", "L"} else "RGB")) / 255


@pytest.mark.parametrize("kind", WRITERS)
def test_what_pillow_writes_without_loss_is_seen_as_it_was(kind, tmp_path):
    opened = 0
    path = tmp_path / "picture"  # its name says nothing
    for mode, options, turn in itertools.product(MODES, WRITERS[kind], UPRIGHT):
        if (kind == "GIF" and mode not in {"1", "L", "P"}) or (
            turn > 1 and kind in {"GIF", "BMP", "PPM"}  # these have no place for notes
        ):
            continue
        if mode in {"RGBA", "LA", "La", "PA"} and kind in {"BMP", "PPM"}:
            continue  # these drop alpha
        if kind == "WEBP" and mode in {"I;16", "F"}:
            continue  # this drops depth
        picture, exif = picture_of(mode), Image.Exif()
        exif[274] = turn
        notes = {"exif": exif} if turn > 1 else {}
        file = io.BytesIO()
        try:
            picture.save(file, kind, **options, **notes)
        except (OSError, ValueError, KeyError):  # it does not write that
            continue
        expected = UPRIGHT[turn](seen(picture))
        if kind == "WEBP" and expected.ndim == 2:
            expected = np.repeat(expected[..., None], 3, axis=2)  # it knows no grey
        image = images.load(file.getvalue())
        assert image.shape == expected.shape, (mode, options, turn)
        np.testing.assert_allclose(
            image, expected, atol=2 / 255, err_msg=f"{mode} {options} {turn}"
        )
        path.write_bytes(file.getvalue())
        np.testing.assert_array_equal(images.load(path), image)
        opened += 1
    assert opened >= {"PNG": 112, "WEBP": 40, "TIFF": 300, "BMP": 4, "GIF": 6, "PPM": 4}[kind]
