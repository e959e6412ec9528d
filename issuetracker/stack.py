"""Room on the interpreter's stack, so that calls within a request do not ask the system for memory.

Frames lie in chunks of 16 KiB. A function that is called again and again where a chunk ends has a new chunk mapped, and
unmapped, for each call, which then takes ten times as long: of the page of an issue that was up to a quarter,
as deep as it happened to begin. Later releases of 3.13 keep the last chunk
(https://github.com/python/cpython/issues/142183); 3.11 and 3.12 do not.
"""

# Slots of 8 bytes that one frame claims and never touches. Its chunk is the next power of two, and the rest of it, some
# 256 KiB, is what all calls below have: more than a request was ever seen to need.
CLAIMED = 1 << 15


def roomy(get_response):
    """Return the middleware that answers each request from within one large chunk."""

    def answer(request):
        return get_response(request)

    answer.__code__ = answer.__code__.replace(co_stacksize=CLAIMED)
    return answer
