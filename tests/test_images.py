import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnlab import images
from cnnlab.errors import DataError, ShapeError

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)
DEEP = (np.arange(2400).reshape(40, 60) * 27).astype(np.uint16)


def encoded(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


RGB = Image.fromarray(COLOURS)
KINDS = {
    "png": encoded(RGB, "PNG"),
    "jpeg": encoded(RGB, "JPEG"),
    "jpeg cmyk": encoded(RGB.convert("CMYK"), "JPEG"),
    "jpeg grey": encoded(RGB.convert("L"), "JPEG"),
    "gif": encoded(RGB, "GIF"),
    "webp": encoded(RGB, "WEBP"),
    "bmp": encoded(RGB, "BMP"),
    "tiff": encoded(RGB, "TIFF"),
    "tiff lab": encoded(RGB.convert("YCbCr"), "TIFF"),
    "ppm": encoded(RGB, "PPM"),
    "png 16 bit": encoded(Image.fromarray(DEEP), "PNG"),
    "tiff 16 bit": encoded(Image.fromarray(DEEP), "TIFF"),
    "tiff float": encoded(Image.fromarray(RNG.normal(size=(40, 60)).astype(np.float32)), "TIFF"),
    "png alpha": encoded(RGB.convert("RGBA"), "PNG"),
    "png grey alpha": encoded(RGB.convert("LA"), "PNG"),
    "png palette": encoded(RGB.quantize(16), "PNG", transparency=3),
    "png 1 bit": encoded(RGB.convert("1"), "PNG"),
}
GREY = {"jpeg grey", "png 16 bit", "tiff 16 bit", "tiff float", "png grey alpha", "png 1 bit"}


def png_claiming(width, height, compressed=b""):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", compressed) + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", sorted(images.SAMPLES))
def test_a_sample_is_scikit_images_own_picture_in_unit_range(name):
    data = pytest.importorskip("skimage.data")
    np.testing.assert_array_equal(images.sample(name), getattr(data, name)().astype("f4") / 255)
    entry = images.SAMPLES[name]
    assert entry.name == name
    assert entry.description
    assert entry.credit
    assert entry.licence in {"CC0", "public domain", "no known copyright restrictions"}


def test_a_sample_may_be_changed_without_changing_the_next():
    images.sample("coins")[:] = 0
    assert images.sample("coins").max() > 0.9


def test_a_sample_does_not_wait_for_scikit_image_to_be_imported():
    code = (
        "import sys; from cnnlab import images; images.sample('camera');"
        "sys.exit('skimage' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_sample_is_answered_with_the_known_ones():
    with pytest.raises(DataError, match="there is no sample 'cat'; try one of camera, chelsea"):
        images.sample("cat")


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_every_usual_kind_of_picture_opens(kind, wrap):
    image = images.load(wrap(KINDS[kind]))
    assert image.dtype == np.float32
    assert image.shape == ((40, 60) if kind in GREY else (40, 60, 3))
    assert image.flags.c_contiguous
    assert 0 <= image.min() < image.max() <= 1


def test_avif_opens_where_pillow_can():
    if not __import__("PIL.features", fromlist=["features"]).check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    assert images.load(encoded(RGB, "AVIF")).shape == (40, 60, 3)


def test_a_file_opens_by_its_path(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(KINDS["png"])
    np.testing.assert_array_equal(images.load(path), COLOURS.astype(np.float32) / 255)
    np.testing.assert_array_equal(images.load(str(path)), images.load(path))


def test_a_camera_held_upright_gives_an_upright_picture():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    image = images.load(encoded(RGB, "PNG", exif=exif))
    np.testing.assert_array_equal(image, np.rot90(COLOURS, -1).astype(np.float32) / 255)


def test_sixteen_bits_are_scaled_by_their_range_and_keep_their_depth():
    for kind in ("png 16 bit", "tiff 16 bit"):
        np.testing.assert_allclose(images.load(KINDS[kind]), DEEP / 65535, atol=1e-7)


def test_other_numbers_are_spread_from_black_to_white_and_gaps_filled():
    values = np.array([[-3.0, np.nan], [5.0, 1.0]], dtype=np.float32)
    image = images.load(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_allclose(image, [[0, 3 / 8], [1, 0.5]], atol=1e-6)
    flat = images.load(encoded(Image.fromarray(np.full((2, 2), 7.0, np.float32)), "TIFF"))
    np.testing.assert_array_equal(flat, np.zeros((2, 2)))
    endless = np.array([[-np.inf, np.inf]], dtype=np.float32)
    assert np.isfinite(images.load(encoded(Image.fromarray(endless), "TIFF"))).all()


def test_what_is_transparent_is_white_and_its_hidden_colour_stays_hidden():
    hidden = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    np.testing.assert_array_equal(images.load(encoded(hidden, "PNG")), np.ones((4, 4, 3)))
    half = Image.new("LA", (4, 4), (0, 128))
    np.testing.assert_allclose(
        images.load(encoded(half, "PNG")), np.full((4, 4), 127 / 255), atol=0.005
    )
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([200, 0, 0])
    assert images.load(encoded(palette, "PNG", transparency=0)).min() == 1


def test_lab_and_cmyk_colours_come_out_as_seen():
    red = np.zeros((4, 4, 3), dtype=np.uint8)
    red[...] = (136, 80, 67)  # lightness, a and b of pure red
    lab = Image.frombytes("LAB", (4, 4), red.tobytes())
    pixel = images.load(encoded(lab, "TIFF"))[0, 0]
    np.testing.assert_allclose(pixel, [1, 0, 0], atol=0.06)
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    pixel = images.load(encoded(cyan, "TIFF"))[0, 0]
    np.testing.assert_allclose(pixel, [0, 1, 1], atol=0.01)


def test_the_first_picture_of_an_animation_counts():
    frames = [Image.new("L", (5, 5), shade) for shade in (255, 0)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.load(animation).min() == 1


def test_a_large_picture_is_made_smaller_and_keeps_its_proportions():
    large = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (1500, 12)))
    for kind in ("PNG", "JPEG"):
        assert images.load(encoded(large, kind)).shape == (500, 1024)
    assert images.load(encoded(large, "PNG"), max_side=64).shape == (31, 64)
    deep = Image.fromarray(np.tile(np.array([0, 65535], np.uint16).repeat(900), (300, 1)))
    image = images.load(encoded(deep, "PNG"))
    assert image.shape == (171, 1024)
    assert image.min() == 0
    assert image.max() == 1
    line = Image.new("L", (30_000, 1))
    assert images.load(encoded(line, "PNG")).shape == (1, 1024)


def test_a_small_file_that_claims_two_hundred_megapixels_is_refused_before_it_is_unpacked():
    body = zlib.compress(bytes(1_000_000))
    with pytest.raises(DataError, match=r"claims to have more than 178,956,970 pixels.*40,000,000"):
        images.load(png_claiming(20_000, 10_000, body))
    with pytest.raises(DataError, match=r"claims to have 12000x10000 pixels.* save it smaller"):
        images.load(png_claiming(12_000, 10_000, body))
    with pytest.raises(DataError, match=r"claims to have 8000x6000 pixels"):
        images.load(png_claiming(8_000, 6_000, body))


def test_a_file_of_many_bytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "film.png"
    with path.open("wb") as file:
        file.truncate(50_000_001)  # a hole, not data: nothing is written
    with pytest.raises(DataError, match="the file has 50,000,001 bytes, and up to 50,000,000"):
        images.load(path)


def tiff_whose_pixels_begin_at_a_fraction():
    data = bytearray(KINDS["tiff"])
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    for start in range(directory + 2, directory + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", data, start) == (273,):
            struct.pack_into("<H", data, start + 2, 5)
    return bytes(data)


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (KINDS["png"][:300], OSError),
        (b"P6 ", ValueError),
        (tiff_whose_pixels_begin_at_a_fraction(), TypeError),
    ],
    ids=["truncated", "header only", "odd type"],
)
def test_whatever_a_decoder_raises_the_learner_reads_that_the_picture_is_damaged(source, cause):
    with pytest.raises(DataError, match="damaged or incomplete") as caught:
        images.load(source)
    assert isinstance(caught.value.__cause__, cause)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "the file is empty"),
        (b"hello", r"these 5 bytes are not a picture of a kind known here \(PNG, JPEG"),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "this is a HEIC picture.*save it as PNG or JPEG"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"  <SVG/>", "an SVG drawing"),
        (b"%PDF-1.7", "a PDF document"),
        (KINDS["png"][:300], "damaged or incomplete.*download it again"),
        (KINDS["jpeg"][:500], "damaged or incomplete"),
        (42, r"from a path or from bytes, got int; try load\(\"photo.jpg\"\)"),
        (None, "got NoneType"),
        ("nowhere.png", "there is no file 'nowhere.png' in '.*'; check its name"),
        ("bad\0name", "could not be read"),
        (".", "is a folder; name one picture in it"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(source, message):
    with pytest.raises(DataError, match=message):
        images.load(source)


def test_damaged_files_give_a_picture_or_a_reason_and_nothing_else():
    rng = np.random.default_rng(20)
    refused = opened = 0
    for data in KINDS.values():
        for case in range(40):
            damaged = bytearray(data)
            for _ in range(rng.integers(1, 6)):
                damaged[rng.integers(len(damaged))] = rng.integers(256)
            if case % 4 == 0:
                damaged = damaged[: rng.integers(1, len(damaged))]
            try:
                image = images.load(bytes(damaged))
            except DataError:
                refused += 1
            else:
                opened += 1
                assert image.dtype == np.float32
                assert image.min() >= 0
                assert image.max() <= 1
    assert refused > 100
    assert opened > 100


def test_grey_is_weighed_as_scikit_image_does():
    color = pytest.importorskip("skimage.color")
    image = images.sample("coffee")
    np.testing.assert_allclose(images.to_grey(image), color.rgb2gray(image), atol=1e-6)
    grey = images.sample("coins")
    assert images.to_grey(grey) is grey


@pytest.mark.parametrize("shape", [(5,), (4, 5, 4), (1, 4, 5, 3)])
def test_only_images_become_grey(shape):
    with pytest.raises(ShapeError, match=r"\(height, width, 3\), got an array of shape"):
        images.to_grey(np.zeros(shape))


def test_a_picture_fitted_to_a_network_keeps_its_mean_and_its_colours() -> None:
    photograph = images.sample("astronaut")
    small = images.fit(photograph, (32, 32, 3))
    assert small.shape == (32, 32, 3)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small.mean((0, 1)), photograph.mean((0, 1)), atol=0.01)
    grey = images.fit(photograph, (32, 32, 1))
    np.testing.assert_allclose(grey.mean(), images.to_grey(photograph).mean(), atol=0.01)


def test_a_grey_picture_fills_three_channels_alike() -> None:
    small = images.fit(images.sample("camera"), (16, 16, 3))
    assert np.array_equal(small[..., 0], small[..., 2])


def test_a_network_that_takes_no_picture_is_named() -> None:
    with pytest.raises(ShapeError, match=r"this network takes \(64,\); try a network whose input"):
        images.fit(images.sample("camera"), (64,))
