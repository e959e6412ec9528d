"""What the people of the demonstration work on, and what goes wrong there. All of it is invented."""

PEOPLE = [
    # user name, display name, staff, roles by product
    ("ana", "Ana Köhler", True, {"WEB": "maintainer", "API": "maintainer", "IOS": "maintainer"}),
    ("tomas", "Tomás Brandt", False, {"WEB": "triager", "API": "reporter"}),
    ("jun", "Jun Okafor", False, {"WEB": "triager", "API": "maintainer", "IOS": "reporter"}),
    ("priya", "Priya Desai", False, {"WEB": "triager", "IOS": "maintainer"}),
    ("mira", "Mira Solheim", False, {"WEB": "reporter", "API": "triager"}),
    ("liv", "Liv Vestergaard", False, {"WEB": "reporter", "API": "triager", "IOS": "triager"}),
    ("emil", "Emil Moreau", False, {"WEB": "reporter", "API": "viewer"}),
    ("nora", "Nora Lind", False, {"IOS": "reporter"}),
    ("sam", "Sam Tanaka", False, {}),
]

PRODUCTS = {
    "WEB": {
        "title": "Web shop",
        "description": "Everything a customer sees between the first search and the parcel.",
        "visibility": "public",
        "milestones": [("26.11.2", -4, "closed"), ("26.12", 9, "open"), ("27.01", 44, "open"), ("27.02", None, "open")],
        "versions": ["26.10", "26.11.1", "26.11.2"],
        "components": {
            "Checkout": (
                "ana",
                ["The voucher field", "The delivery slot", "The order summary", "The address form", "“Pay later”"],
                ["keeps its old value after going back", "is cut off below 360 px", "loses what was typed on an error"],
            ),
            "Catalogue": (
                "priya",
                ["The size filter", "The category page", "The product picture", "“Sort by newest”", "The stock badge"],
                ["shows discontinued products", "jumps while the page loads", "is not reset between categories"],
            ),
            "Cart": (
                "jun",
                ["The cart drawer", "The quantity field", "The wish list count", "The gift message", "The mini cart"],
                [
                    "is one behind until a reload",
                    "traps keyboard focus after Escape",
                    "is announced twice",
                ],
            ),
            "Account": (
                "tomas",
                ["The order history", "The passkey dialog", "The newsletter box", "The address book"],
                ["is empty after a name change", "times out on slow phones", "forgets the chosen language"],
            ),
            "Search": (
                "jun",
                ["The search box", "The suggestion list", "“Did you mean”", "The result count"],
                ["ignores umlauts", "is slower than a second for common words", "counts hidden variants"],
            ),
            "Mail": (
                "tomas",
                ["The order confirmation", "The abandoned-cart mail", "The dispatch notice"],
                [
                    "shows prices without VAT",
                    "is sent twice on a slow gateway",
                    "breaks in dark mode",
                ],
            ),
            "Delivery": (
                None,
                ["The parcel page", "The return label", "The pick-up map"],
                [
                    "shows the depot’s time zone",
                    "is blank for orders with many lines",
                    "rejects Irish Eircodes",
                ],
            ),
        },
        "notable": [
            ("bug", "Voucher is applied twice when the cart is open in two tabs", "Checkout", "s2", "high"),
            ("bug", "Checkout shows “order placed” although the card was refused", "Checkout", "s1", "urgent"),
            ("bug", "Cart empties after signing in with a passkey on Safari 19", "Cart", "s2", "high"),
            ("bug", "TypeError in the cart drawer when the last item is removed", "Cart", "unset", "none"),
            ("bug", "Session cookie survives a password change on a second device", "Account", "s2", "high"),
            ("feature", "Use the product’s own image as the preview of category pages", "Catalogue", "unset", "low"),
            ("bug", "First contentful paint of category pages went from 0.9 s to 2.1 s", "Catalogue", "s2", "high"),
            ("task", "Remove the old script shim from the size chart", "Catalogue", "s4", "low"),
            ("bug", "Two parcels, one tracking number: the second is never shown", "Delivery", "s3", "medium"),
            ("feature", "Show the delivery slot in the customer’s own time zone", "Delivery", "unset", "low"),
            ("task", "Checkout end-to-end test fails about every eighth run", "Checkout", "s4", "low"),
        ],
    },
    "API": {
        "title": "Payments API",
        "description": "Cards, refunds and payouts for the shop and for partners.",
        "visibility": "internal",
        "milestones": [("v4.2", 12, "open"), ("v5", 80, "open")],
        "versions": ["4.0", "4.1"],
        "components": {
            "Refunds": (
                "mira",
                ["A partial refund", "The refund list", "A refund of a split payment", "The refund webhook"],
                ["is rounded to whole cents too early", "answers 500 for a closed account", "repeats after a timeout"],
            ),
            "Webhooks": (
                "jun",
                ["The signature", "The retry queue", "The event log", "A replayed delivery"],
                [
                    "fails for bodies above 64 KiB",
                    "gives up after one redirect",
                    "arrives before the payment",
                ],
            ),
            "Cards": (
                "liv",
                ["A card without expiry", "The 3-D Secure page", "The BIN table", "A stored card"],
                ["is refused with the wrong code", "is not tokenised on retries", "shows an amount without currency"],
            ),
            "Sandbox": (
                None,
                ["The test clock", "The sandbox dashboard", "A sandbox key"],
                ["returns live card brands", "cannot be reset", "drifts by an hour in winter"],
            ),
        },
        "notable": [
            ("bug", "Idempotency key is ignored on PATCH of a refund", "Refunds", "s2", "high"),
            ("bug", "Double charge after pressing “Pay” twice on a slow line", "Cards", "s1", "urgent"),
            ("bug", "Webhook signature fails for bodies with a byte order mark", "Webhooks", "s3", "medium"),
            ("feature", "Let partners filter payouts by settlement date", "Refunds", "unset", "low"),
            ("task", "Rotate the signing keys of the sandbox every month", "Sandbox", "s4", "medium"),
        ],
    },
    "IOS": {
        "title": "iOS app",
        "description": "The shop in the pocket.",
        "visibility": "private",
        "milestones": [("12.0", 20, "open")],
        "versions": ["11.4", "11.5"],
        "components": {
            "Notifications": (
                "priya",
                ["A price alert", "The notification badge", "A silent push"],
                ["opens the wrong order", "stays after it was read", "wakes the phone at night"],
            ),
            "Camera": (
                "nora",
                ["The barcode reader", "The size scan", "The photo review"],
                ["crashes without permission", "heats the phone", "is upside down on iPads"],
            ),
            "Sign-in": (
                "priya",
                ["The Face ID prompt", "The welcome sheet", "The sign-out button"],
                ["appears behind the sheet", "asks twice", "is out of reach with one hand"],
            ),
        },
        "notable": [
            ("bug", "App opens the wrong order from a notification", "Notifications", "s3", "medium"),
            ("bug", "Face ID prompt appears behind the sheet", "Sign-in", "unset", "none"),
            ("feature", "Add a widget with the next delivery", "Notifications", "unset", "low"),
        ],
    },
}

SITE_LABELS = [("security", "red"), ("a11y", "violet"), ("performance", "amber"), ("regression", "rose")]
LABELS = [
    ("good-first", "green"),
    ("tech-debt", "gray"),
    ("ux", "pink"),
    ("i18n", "teal"),
    ("browser/safari", "indigo"),
    ("browser/firefox", "orange"),
    ("data-loss", "brown"),
]
WAITING = [
    "Which version is that, and which device?",
    "Could you add a screen recording? We cannot make it happen here.",
]
FOUND = [
    "Reproduced on two machines. It needs a slow connection: throttle to 3G and try again.",
    "I see the same since last week’s release.",
    "The log says:\n\n```\nWARN  cart: version 7 is older than 8, merging\n```",
    "Happens to about one customer in forty, says support.",
    "Not on my phone, but on every tablet we have.",
]
WORKED = [
    "A conditional update fixes it; the tab that loses gets a notice and the new total.",
    "Draft is up. The test that shows it needs the fake clock.",
    "Fixed in the branch, waiting for review.",
    "Rolled out to a tenth of the traffic, looks good so far.",
]
INTERNAL = [
    "Finance has the list of orders; please do not post customer names here.",
    "The partner asked us to keep this quiet until Monday.",
]
STEPS = """{what}.

1. Open the page on a phone.
2. {step}
3. Go back, and look again.

**Expected:** it stays as it was. **Seen:** {seen}

{more}"""
SEEN = [
    "the old value is back.",
    "nothing happens, and nothing is said.",
    "an error flashes by.",
    "it takes ten seconds.",
]
DO = ["Change it twice, quickly.", "Switch to another app for a minute.", "Use the keyboard alone.", "Turn the phone."]
MORE = [
    "Seen with Chrome 142 and Firefox 145, not in a private window.",
    "```js\nconst subtotal = lines.reduce((sum, line) => sum + line.quantity * line.price, 0);\n```",
    "- [x] cache emptied\n- [ ] tried without extensions",
    "Three customers wrote about it this week.",
    "",
]
