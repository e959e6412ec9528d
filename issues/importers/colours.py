"""The colour of our palette that is nearest to one of another tracker."""

import colorsys
import re

# Hues in degrees; what has hardly any colour is gray.
HUES = {
    "red": 0,
    "orange": 25,
    "amber": 40,
    "yellow": 52,
    "lime": 80,
    "green": 130,
    "teal": 168,
    "cyan": 188,
    "blue": 215,
    "indigo": 240,
    "violet": 265,
    "plum": 290,
    "pink": 320,
    "rose": 345,
}
GRAYISH = 0.12
DARK_ORANGE = range(15, 50)


def nearest(hex_colour):
    """Return the name in our palette of `hex_colour` ("d73a4a", also with #); what is no colour is gray."""
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", hex_colour):
        return "gray"
    red, green, blue = (part / 255 for part in bytes.fromhex(hex_colour.lstrip("#")))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    if max(red, green, blue) - min(red, green, blue) < GRAYISH:
        return "gray"
    degrees = round(hue * 360)
    if degrees in DARK_ORANGE and light < 0.35 and saturation > 0.2:
        return "brown"
    return min(HUES, key=lambda name: min(abs(HUES[name] - degrees), 360 - abs(HUES[name] - degrees)))
