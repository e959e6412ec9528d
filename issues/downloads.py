"""How the file of an attachment is sent, by pages and API alike: so that no browser ever runs what is in it."""

from django.http import FileResponse, Http404, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header

from issues.files import store
from issues.files.kinds import ANYTHING

# A document that is opened from here has no origin, no scripts, no forms and nothing that it could load.
POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def send(request, attachment):
    """Return the answer with the file of `attachment`, which its reader may see; 304 where the browser has it.

    A picture that was drawn anew is shown, everything else is saved to disk, whatever it is. Raises Http404 where the
    file is gone.
    """
    if not attachment.digest:
        raise Http404
    kind = attachment.media_type if attachment.is_picture else ANYTHING
    tag = f'"{attachment.digest}"'
    known = {one.strip() for one in request.headers.get("If-None-Match", "").split(",")}
    # What is not sent again is told of as before: a browser may take over the headers.
    same = HttpResponse(status=304, content_type=kind) if known & {tag, f"W/{tag}", "*"} else None
    answer = same or FileResponse(_open(attachment), content_type=kind)
    answer.headers["Content-Disposition"] = content_disposition_header(not attachment.is_picture, attachment.name)
    answer.headers["ETag"] = tag
    # Kept by the browser of the reader alone, who is asked for their right each time.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_vary_headers(answer, ["Authorization", "Cookie"])
    return answer


def _open(attachment):
    try:
        return store.path_of(attachment.token).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
