"""A request has room on the interpreter's stack, so that no call in it waits for memory, however deep it is."""

import resource

from issuetracker.stack import roomy

CALLS = 500


def deep(frames, work):
    return deep(frames - 1, work) if frames else work()


def little():
    one = two = three = four = five = six = None
    return one, two, three, four, five, six


def called_often():
    for _call in range(CALLS):
        little()


def pages_mapped(work):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_no_depth_maps_memory_for_each_call():
    answer = roomy(lambda frames: deep(frames, called_often))
    assert max(pages_mapped(lambda frames=frames: answer(frames)) for frames in range(300)) < CALLS / 2


def test_every_request_has_that_room(settings):
    assert settings.MIDDLEWARE[0] == "issuetracker.stack.roomy"
