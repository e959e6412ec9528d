"""Files in forms: a script that sends them, and shows how far it is, is told where to go on."""

from functools import wraps

from django.http import HttpResponse


def by_upload(view):
    """Answer a script that has sent the form of `view` with the address to which its redirect leads."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        answer = view(request, *args, **kwargs)
        if request.headers.get("X-Fragment") != "upload" or answer.status_code != 302:
            return answer
        # By itself a browser would follow, and show to nobody what was said on the way.
        return HttpResponse(status=201, headers={"Location": answer["Location"], "Cache-Control": "no-store"})

    return wrapped
