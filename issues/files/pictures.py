"""Pictures are drawn anew: nothing of what was sent stays but its points, and so nothing that is more than these."""

import threading
import warnings
from functools import cache

from issues.files.kinds import PICTURES

# Of one picture, or of all frames of one that moves: what is drawn takes up to four bytes for each.
PIXELS = 40_000_000
QUALITY = 90
# What a picture is kept with beside its points.
LOOKS = ("transparency",)

# In memory a picture is a hundred times as large as on disk: a process draws one at a time.
_alone = threading.Semaphore(1)


class TooManyPixels(Exception):
    """The picture would take more memory than any is given."""


def redraw(source, kind, target):
    """Draw the picture in the file `source`, of the media type `kind`, into the file `target`.

    Return `(width, height)`, or None where it is damaged, or moves for longer than can be drawn: then it is no picture
    to show. Raises TooManyPixels.
    """
    image = _library()
    with _alone:
        try:
            source.seek(0)
            with image.open(source, formats=[PICTURES[kind]]) as picture:
                return _drawn(picture, PICTURES[kind], target)
        except image.DecompressionBombError as error:
            raise TooManyPixels from error
        except TooManyPixels:
            raise
        # Whatever a decoder stumbles over in a file that was made to make it stumble.
        except Exception:
            return None


@cache
def _library():
    # Only who attaches pictures waits until it is loaded.
    from PIL import Image

    # The library refuses from twice this on, and warns before.
    Image.MAX_IMAGE_PIXELS = PIXELS // 2
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    return Image


def _drawn(picture, form, target):
    if picture.width * picture.height > PIXELS:
        raise TooManyPixels
    # Cameras put a second picture, for the depth, behind the first.
    frames = 1 if form == "JPEG" else getattr(picture, "n_frames", 1)
    if frames == 1:
        still = _bare(picture, form)
        still.save(target, form, **({"quality": QUALITY} if form in ("JPEG", "WEBP") else {}))
        return still.size
    if picture.width * picture.height * frames > PIXELS:
        return None
    return _moving(picture, form, target)


def _bare(picture, form):
    """Return the points of a still `picture`, the right way up."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    if form == "JPEG" and upright.mode not in ("L", "RGB"):
        upright = upright.convert("RGB")
    bare = upright.copy()
    bare.info = {name: upright.info[name] for name in LOOKS if name in upright.info}
    return bare


def _moving(picture, form, target):
    from PIL import ImageSequence

    frames, durations = [], []
    for frame in ImageSequence.Iterator(picture):
        durations.append(frame.info.get("duration", 100))
        frames.append(frame.convert("RGBA"))
        frames[-1].info = {}
    options = {"loop": picture.info["loop"]} if "loop" in picture.info else {}
    if form == "GIF":
        # Each frame is whole: nothing of the one before shines through.
        options["disposal"] = 2
    first, *others = frames
    first.save(target, form, save_all=True, append_images=others, duration=durations, **options)
    return first.size
