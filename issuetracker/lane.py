"""A request to the API that shows a token passes by what only pages need: sessions, forms, messages, time zones.

`MIDDLEWARE` names `begin` before those and `end` after them.
"""

API, SCHEME = "/api/", "bearer "
# What answers from the end of the lane on; the handler makes its middleware from the last to the first.
_beyond: list = []


def end(get_response):
    """Return what answers all requests from here on."""
    _beyond[:] = [get_response]
    return get_response


def begin(get_response):
    """Return the middleware that answers a request with a token from `end` on, every other one step by step."""
    (beyond,) = _beyond

    def answer(request):
        return beyond(request) if shows_token(request) else get_response(request)

    return answer


def shows_token(request):
    """Return whether nothing but the token of `request`, good or not, can tell whose it is."""
    return request.path_info.startswith(API) and request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == SCHEME
