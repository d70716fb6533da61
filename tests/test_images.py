import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, features

from cnnlab import images
from cnnlab.errors import DataError, ShapeError
from tests.decoding.opening import opens

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


def png(header, *chunks):
    """Write a PNG by hand: width, height, depth, colour type, 0, 0, interlacing; its chunks."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", *header)), *chunks, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def png_claiming(width, height, compressed=b""):
    return png((width, height, 8, 0, 0, 0, 0), (b"IDAT", compressed))


def packed(numbers, depth):
    """Lay numbers of so many bits one behind the other, each row on whole bytes."""
    digits = numbers.reshape(len(numbers), -1, 1) >> np.arange(depth)[::-1] & 1
    return np.packbits(digits.reshape(len(numbers), -1).astype(np.uint8), axis=1)


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
        "sys.exit(bool({'skimage', 'tifffile'} & sys.modules.keys()))"
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


@pytest.mark.parametrize("brand", [b"avif", b"mif1", b"msf1"])
def test_avif_opens_where_pillow_can_whichever_brand_it_is_sold_under(brand):
    if not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    file = encoded(RGB, "AVIF")
    assert b"avif" in file[16:40]  # among the brands that it is compatible with
    assert images.load(file[:8] + brand + file[12:]).shape == (40, 60, 3)
    both = file[16:40].replace(b"miaf", b"heic")
    assert images.load(file[:8] + brand + file[12:16] + both + file[40:]).shape == (40, 60, 3)


def test_no_ending_is_missing_of_those_that_pillow_gives_the_kinds_that_open():
    kinds = {"PNG", "JPEG", "MPO", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "PPM"}
    endings = Image.registered_extensions().items()
    assert {suffix for suffix, kind in endings if kind in kinds} <= images.SUFFIXES
    assert {".mpo", ".avif"} <= images.SUFFIXES


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


@pytest.mark.parametrize("notes", [b"", b"garbage", b"II*\0", b"MM\0*\0\0\0\x08\xff\xff\x01\x12"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_damaged_notes_of_a_camera_are_no_reason_to_refuse_its_picture(kind, notes):
    file = encoded(RGB, kind, exif=b"Exif\0\0" + notes)
    np.testing.assert_array_equal(images.load(file), images.load(encoded(RGB, kind)))


@pytest.mark.parametrize("notes", [(b"zTXt", b"XML\0\0"), (b"iCCP", b"profile\0\0")])
def test_long_notes_of_a_picture_program_are_no_reason_to_refuse_a_picture(notes):
    kind, beginning = notes
    long_note = (kind, beginning + zlib.compress(bytes(3_000_000)))
    pixels = (b"IDAT", zlib.compress(b"\0\x33\xff"))
    file = png((2, 1, 8, 0, 0, 0, 0), long_note, pixels)
    np.testing.assert_allclose(images.load(file), [[0.2, 1]], atol=1e-6)
    with pytest.raises(DataError, match="damaged or incomplete"):
        images.load(file[:-24])  # no more than its notes is forgiven


def test_sixteen_bits_are_scaled_by_their_range_and_keep_their_depth():
    for kind in ("png 16 bit", "tiff 16 bit"):
        np.testing.assert_allclose(images.load(KINDS[kind]), DEEP / 65535, atol=1e-7)


def test_other_numbers_are_spread_from_black_to_white_and_gaps_are_black():
    values = np.array([[-3.0, np.nan], [5.0, 1.0]], dtype=np.float32)
    image = images.load(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_allclose(image, [[0, 0], [1, 0.5]], atol=1e-6)
    flat = images.load(encoded(Image.fromarray(np.full((2, 2), 7.0, np.float32)), "TIFF"))
    np.testing.assert_array_equal(flat, np.zeros((2, 2)))
    endless = np.array([[-np.inf, np.inf, 2, 4]], dtype=np.float32)
    image = images.load(encoded(Image.fromarray(endless), "TIFF"))
    np.testing.assert_array_equal(image, [[0, 1, 0, 1]])


def test_fractions_within_black_and_white_stay_as_they_are():
    photograph = images.sample("coins")
    opened = images.load(encoded(Image.fromarray(0.5 * photograph), "TIFF"))
    np.testing.assert_array_equal(opened, 0.5 * photograph)
    pfm = b"Pf 2 1 -1.0\n" + np.array([0.25, 0.75], "<f4").tobytes()
    np.testing.assert_array_equal(images.load(pfm), [[0.25, 0.75]])


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (b"P5 2 1 65535\n" + struct.pack(">HH", 20_000, 30_000), [20_000 / 65535, 30_000 / 65535]),
        (b"P5 2 1 4095\n" + struct.pack(">HH", 128, 4095), [128 / 4095, 1]),
        (b"P2 2 1 1000 # of a thousand\n250 750\n", [0.25, 0.75]),
        (b"P2 2 1 10\n5 10\n", [0.5, 1]),
        (b"P1 2 1 1 0", [0, 1]),
        (b"P3 1 1 1000 500 0 1000", [[0.5, 0, 1]]),
        (b"P6 1 1 65535 " + struct.pack(">HHH", 300, 0, 65535), [[300 / 65535, 0, 1]]),
        (b"P5 # of a hundred\n# and small\n2 1 100\n" + bytes([25, 100]), [0.25, 1]),
        (b"P5 2 1 100\n" + bytes([25, 101]), [0.25, 1]),  # more than white is white
    ],
)
def test_tones_of_the_pnm_family_are_shares_of_what_the_header_calls_white(file, expected):
    np.testing.assert_allclose(images.load(file), [expected], atol=1e-5 if file[1] > 51 else 0.002)


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize("with_key", [False, True], ids=["", "transparent"])
@pytest.mark.parametrize(
    ("colour_type", "depth"),
    [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8),
     (4, 8), (4, 16), (6, 8), (6, 16)],
)  # fmt: skip
def test_a_png_of_every_sort_is_seen_as_its_standard_says(colour_type, depth, with_key, interlaced):
    rng, top = np.random.default_rng(depth), 2**depth - 1
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    numbers = rng.integers(0, top + 1, (11, 9, channels))
    key, chunks = numbers[5, 5], []
    numbers[6, 6] = key
    numbers[7, 7] = key ^ 1  # almost that colour, and no more
    if colour_type == 3:
        palette = np.linspace(0, 255, 3 * (top + 1)).astype(np.uint8).reshape(-1, 3)
        chunks.append((b"PLTE", palette.tobytes()))
        covered = np.where(np.arange(top + 1) == key, 0, 255) if with_key else np.full(top + 1, 255)
        chunks.append((b"tRNS", covered.astype(np.uint8).tobytes()))
        colours, alpha = palette[numbers[..., 0]] / 255, covered[numbers] / 255
    elif colour_type in {4, 6}:
        colours, alpha = numbers[..., :-1] / top, numbers[..., -1:] / top
    else:
        colours, alpha = numbers / top, 1.0
        if with_key:
            chunks.append((b"tRNS", key.astype(">u2").tobytes()))
            alpha = (numbers != key).any(-1, keepdims=True)
    steps = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    steps = [*steps, (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]
    passes = [packed(numbers[row::down, left::across], depth) for row, left, down, across in steps]
    rows = [b"\0" + row.tobytes() for each in passes for row in each]
    chunks.append((b"IDAT", zlib.compress(b"".join(rows))))
    image = images.load(png((9, 11, depth, colour_type, 0, 0, interlaced), *chunks))
    expected = colours * alpha + 1 - alpha
    expected = expected[..., 0] if colour_type in {0, 4} else expected
    assert image.shape == expected.shape
    np.testing.assert_allclose(image, expected, atol=2 / 255)  # 8 bits, alpha too


def test_a_palette_of_greys_is_grey():
    greys = Image.fromarray(np.array([[3, 200], [90, 3]], np.uint8))
    for kind in ("GIF", "PNG"):
        image = images.load(encoded(greys.convert("P"), kind))
        np.testing.assert_allclose(image, np.array([[3, 200], [90, 3]]) / 255, atol=1e-6)
    assert images.load(encoded(RGB.quantize(4), "GIF")).shape == (40, 60, 3)


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


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_panorama_keeps_its_shorter_side_where_that_is_asked_for(kind):
    panorama = Image.fromarray(np.zeros((300, 6000), np.uint16 if kind == "TIFF" else np.uint8))
    file = encoded(panorama, kind)
    assert images.load(file, max_side=500).shape == (25, 500)
    assert images.load(file, max_side=500, min_side=100).shape == (100, 2000)
    assert images.load(file, min_side=5000).shape == (300, 6000)  # nothing is made larger


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"max_side": 0}, "max_side must be a whole number of pixels, at least 1, got 0"),
        ({"max_side": -5}, "at least 1, got -5; try max_side=1024"),
        ({"max_side": 12.5}, "max_side must be a whole number of pixels, at least 1, got 12.5"),
        ({"max_side": "big"}, "got 'big'"),
        ({"min_side": -1}, "min_side must be a whole number of pixels, at least 0, got -1"),
    ],
)
def test_a_wrong_side_is_not_blamed_on_the_picture(sides, message):
    with pytest.raises(ShapeError, match=message):
        images.load(KINDS["png"], **sides)


def test_a_small_file_that_claims_two_hundred_megapixels_is_refused_before_it_is_unpacked():
    body = zlib.compress(bytes(1_000_000))
    with pytest.raises(DataError, match=r"claims to have more than 178,956,970 pixels.*40,000,000"):
        images.load(png_claiming(20_000, 10_000, body))
    with pytest.raises(DataError, match=r"claims to have 12000x10000 pixels.* save it smaller"):
        images.load(png_claiming(12_000, 10_000, body))
    with pytest.raises(DataError, match=r"claims to have 8000x6000 pixels"):
        images.load(png_claiming(8_000, 6_000, body))


def test_a_deep_pnm_that_claims_too_much_is_refused_before_it_is_unpacked():
    with pytest.raises(DataError, match=r"claims to have 8000x6000 pixels"):
        images.load(b"P5 8000 6000 65535\n")


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
        (b"Python is a language", "not a picture of a kind known here"),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "this is a HEIC picture.*save it as PNG or JPEG"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", "this is a HEIC picture"),
        (b"\0\0\0\x1cftypmsf1\0\0\0\0msf1hevcmiaf", "this is a HEIC picture"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"  <SVG/>", "an SVG drawing"),
        (b"%PDF-1.7", "a PDF document"),
        (KINDS["png"][:300], "damaged or incomplete.*download it again"),
        (KINDS["jpeg"][:500], "damaged or incomplete"),
        (42, r"from a path or from bytes, got int; try load\(\"photo.jpg\"\)"),
        (None, "got NoneType"),
        ("nowhere.png", "there is no file 'nowhere.png' in '.*'; check its name"),
        ("bad\0name", "source must name a file or folder, got .*; try source="),
        (".", "is a folder; name one picture in it"),
        (os.devnull, "is no ordinary file; name a picture"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(source, message):
    with pytest.raises(DataError, match=message):
        images.load(source)


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("PNG", b"\x89PNG\r\n\x1a\n and no more"),
        ("PNG", png((4, 4, 3, 0, 0, 0, 0), (b"IDAT", zlib.compress(bytes(20))))),  # 3 bits
        ("JPEG", b"\xff\xd8\xff\xe0 and no more"),
        ("GIF", b"GIF89a"),
        ("BMP", b"BM" + bytes(12) + struct.pack("<I", 13) + bytes(40)),  # a header of 13 bytes
        ("BMP", b"BM" + bytes(12) + struct.pack("<IIIHH", 40, 4, 4, 1, 3) + bytes(40)),  # 3 bits
        ("WEBP", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(8)),
        ("TIFF", b"II*\0 and no more"),
        ("TIFF", b"MM\0+" + bytes(20)),
        ("AVIF", b"\0\0\0\x1cftypavif" + bytes(16)),
        ("AVIF", b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf" + bytes(8)),
        ("PPM", b"P5 two rows"),
        ("PPM", b"P5 0 4 65535\n"),
        ("PPM", b"P5 4 4 65535\n" + bytes(31)),
        ("PPM", b"P6 1 1 65536\n" + bytes(6)),
        ("PPM", b"PF 1 1 -1.0\n" + bytes(12)),
    ],
)
def test_a_known_kind_with_an_unreadable_header_is_not_called_unknown(kind, file):
    with pytest.raises(DataError, match=f"this {kind} picture is .*of an unsupported sort"):
        images.load(file)


def test_damaged_files_give_a_picture_or_a_reason_and_nothing_else(capfd):
    rng = np.random.default_rng(20)
    seen = [0, 0]
    for data in KINDS.values():
        for case in range(40):
            damaged = bytearray(data)
            for _ in range(rng.integers(1, 6)):
                damaged[rng.integers(len(damaged))] = rng.integers(256)
            if case % 4 == 0:
                damaged = damaged[: rng.integers(1, len(damaged))]
            seen[opens(bytes(damaged))] += 1
    assert min(seen) > 100  # some are refused, some are opened
    assert capfd.readouterr() == ("", "")  # the decoders' own voices included


def test_grey_is_weighed_as_scikit_image_does():
    color = pytest.importorskip("skimage.color")
    image = images.sample("coffee")
    np.testing.assert_allclose(images.to_grey(image), color.rgb2gray(image), atol=1e-6)
    pure = color.rgb2gray(np.eye(3)[None])[0]  # red, green and blue alone: the weights themselves
    np.testing.assert_allclose(images.GREY_WEIGHTS, pure, rtol=1e-12)
    grey = images.sample("coins")
    assert images.to_grey(grey) is grey


@pytest.mark.parametrize("shape", [(5,), (4, 5, 4), (1, 4, 5, 3)])
def test_only_images_become_grey(shape):
    with pytest.raises(ShapeError, match=r"\(height, width, 3\), got an array of shape"):
        images.to_grey(np.zeros(shape))


def test_a_picture_fitted_to_a_network_keeps_its_mean_and_its_colours():
    photograph = images.sample("astronaut")
    small = images.fit(photograph, (32, 32, 3))
    assert small.shape == (32, 32, 3)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small.mean((0, 1)), photograph.mean((0, 1)), atol=0.01)
    grey = images.fit(photograph, (32, 32, 1))
    np.testing.assert_allclose(grey.mean(), images.to_grey(photograph).mean(), atol=0.01)


def test_a_grey_picture_fills_three_channels_alike():
    small = images.fit(images.sample("camera"), (16, 16, 3))
    assert np.array_equal(small[..., 0], small[..., 2])


def test_a_network_that_takes_no_picture_is_named():
    with pytest.raises(ShapeError, match=r"this network takes \(64,\); try a network whose input"):
        images.fit(images.sample("camera"), (64,))
