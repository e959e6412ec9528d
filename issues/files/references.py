"""How texts speak of attached files: by an address that stays, or by a name as long as there is none."""

import re
from urllib.parse import unquote

# What the composer writes for a file that is sent along: ![a picture](attachment:cart.png).
SENT_ALONG = re.compile(r"(!?)(\[[^\[\]\n]*\]\()attachment:([^()\s]{1,2000})\)")
SPECIAL = re.compile(r"([\[\]\\])")


def address_of(token):
    """Return the address of the file `token`."""
    return f"/attachments/{token}/"


def reference(name, token, *, is_picture):
    """Return the Markdown that shows a picture, or leads to another file."""
    said = SPECIAL.sub("", name)
    return f"{'!' if is_picture else ''}[{said}]({address_of(token)})"


def resolve(text, files):
    """Return `text` with the addresses of `files` (with `sent_as`, `token` and `is_picture`) where it names them."""
    by_name = {file.sent_as: file for file in files}

    def address(match):
        mark, said, name = match.groups()
        file = by_name.get(unquote(name))
        if file is None:
            return match[0]
        return f"{mark if file.is_picture else ''}{said}{address_of(file.token)})"

    return SENT_ALONG.sub(address, text) if by_name else text
