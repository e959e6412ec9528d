from dataclasses import dataclass

from django.db.models import Q


@dataclass(frozen=True)
class Needle:
    terms: tuple
    prefix: bool = False


def needle(text, prefix=False):
    import re

    t = tuple(re.findall(r"\w+", text.lower()))
    return Needle(t, prefix) if t else None


def mention(name):
    return Needle(("@" + name,))


def matches(needles, columns=None, whole=False):
    q = Q()
    for n in needles:
        q &= Q(title__icontains=" ".join(n.terms)) | Q(description__icontains=" ".join(n.terms))
    return q


def hits(ids, needles):
    return {}
