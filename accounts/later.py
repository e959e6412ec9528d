"""Views whose modules are loaded when somebody first asks for them, so that the start does not wait for them."""

from functools import cache

from django.utils.module_loading import import_string

_loaded = cache(import_string)


def later(path):
    """Return a view that is the one at the dotted `path`, imported when it is first called."""

    def view(request, *args, **kwargs):
        return _loaded(path)(request, *args, **kwargs)

    view.__name__ = view.__qualname__ = path
    return view
