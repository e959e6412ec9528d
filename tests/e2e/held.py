"""Answers that come when a test says so, not after a while."""


class Held:
    """What a page asks of some addresses from now on waits until it is let go."""

    def __init__(self, page, pattern):
        self.page, self.routes, self.holds = page, [], True
        page.route(pattern, self.take)

    def take(self, route):
        """Keep what has been asked, until it is let go."""
        if self.holds:
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self):
        """Wait until something has been asked."""
        for _again in range(1000):
            if self.routes:
                return
            self.page.wait_for_timeout(10)
        raise TimeoutError

    def release(self):
        """Let all of it be answered, and whatever is asked after that."""
        self.holds = False
        for route in self.routes:
            route.continue_()

    def abort(self):
        """Let all of it fail as if the server were away, but nothing that is asked after that."""
        self.holds = False
        for route in self.routes:
            route.abort()


def settle(page):
    """Let the server answer what it was asked before, and the page what follows from that."""
    for _again in range(3):
        page.evaluate("fetch('/status/live/').then((answer) => answer.text())")
