"""Asking once more before what cannot be taken back."""

from django.shortcuts import render


def ask(request, title, detail, action, *, back):
    """Return a page whose form sends all of this one again with a "yes", or None where that has come with it."""
    if request.POST.get("confirm") == "1":
        return None
    sent = [(name, value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]
    context = {"title": title, "detail": detail, "action": action, "sent": sent, "back": back}
    return render(request, "confirm.html", context)
