"""What a cleaned message may hold: allow-lists of elements, attributes, schemes and CSS. Pure data.

One rule stands above the lists: nothing here may ever name a raw-text, RCDATA, foreign or plaintext
element (script style title textarea xmp iframe noembed noframes noscript plaintext template svg math
select). Without them a browser's tokenizer never leaves the data state while it reads our output, so
there is no ground for mutation XSS (the markup that changes its meaning when parsed a second time).
``tests/render/test_policy.py`` holds the lists to it.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Grows whenever the same source would be cleaned otherwise; cached bodies of older versions are cleaned again.
POLICY_VERSION = 7

#: Put before ids, names and the fragments that point to them, so a message cannot name anything of ours.
ID_PREFIX = "m-"

TAGS = _words(
    """a abbr acronym address area article aside b bdi bdo big blockquote br caption center cite code col
    colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup
    hr i img ins kbd li main map mark menu nav nobr ol p pre q rp rt ruby s samp section small span strike
    strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"""
)

#: Elements that go together with all they hold. Any other unknown element is unwrapped: what video, audio, object and
#: canvas hold is meant for readers like us.
DROPPED_WITH_CONTENT = _words(
    """script style title template iframe frame frameset embed applet param svg math select
    option optgroup datalist source track noembed noframes noscript xml portal fencedframe
    dialog link meta base bgsound"""
)
#: Obsolete elements shown as their living twins.
RENAMED = {"xmp": "pre", "listing": "pre", "plaintext": "pre", "image": "img"}
VOID = frozenset({"area", "br", "col", "hr", "img", "wbr"})

# Attributes. -----------------------------------------------------------------------------------
GLOBAL_ATTRIBUTES = _words(
    """align valign bgcolor width height style class id title dir lang border hidden role aria-hidden aria-label"""
)
_CELL = _words("""abbr axis char charoff colspan headers nowrap rowspan scope background bordercolor height width""")
ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset({"href", "name"}),
    "area": frozenset({"href", "shape", "coords", "alt", "nohref"}),
    "blockquote": frozenset({"type"}),
    "br": frozenset({"clear"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "details": frozenset({"open"}),
    "div": frozenset({"background"}),
    "font": frozenset({"color", "face", "size"}),
    "hr": frozenset({"color", "noshade", "size"}),
    "img": frozenset({"src", "alt", "hspace", "vspace", "usemap", "ismap"}),
    "li": frozenset({"value", "type"}),
    "map": frozenset({"name"}),
    "ol": frozenset({"start", "type", "reversed", "compact"}),
    "pre": frozenset({"wrap"}),
    "table": frozenset({"background", "bordercolor", "cellpadding", "cellspacing", "frame", "rules", "summary"}),
    "td": _CELL,
    "th": _CELL,
    "time": frozenset({"datetime"}),
    "tr": frozenset({"background", "bordercolor"}),
    "ul": frozenset({"type", "compact"}),
}
#: What our own filter adds; a sender's attribute of these names is dropped before.
ADDED_ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset({"target", "rel", "referrerpolicy", "data-heron"}),
    "area": frozenset({"target", "rel", "referrerpolicy", "data-heron"}),
    "img": frozenset({"loading", "decoding", "referrerpolicy", "data-heron"}),
    "details": frozenset({"data-heron"}),
    "div": frozenset({"data-heron"}),
    "dl": frozenset({"data-heron"}),
    "span": frozenset({"data-heron"}),
}
NO_ATTRIBUTES: frozenset[str] = frozenset()
#: ``cid`` and ``data`` are let through to the mail filter, which rewrites or drops them.
SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "cid", "data"})
ROLES = _words("""presentation none img heading article list listitem table row cell separator link""")

# CSS. ------------------------------------------------------------------------------------------
CSS_PROPERTIES = _words(
    """background background-attachment background-clip background-color background-image background-origin
    background-position background-position-x background-position-y background-repeat background-size border
    border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style
    border-bottom-width border-collapse border-color border-left border-left-color border-left-style
    border-left-width border-radius border-right border-right-color border-right-style border-right-width
    border-spacing border-style border-top border-top-color border-top-left-radius border-top-right-radius
    border-top-style border-top-width border-width box-shadow box-sizing caption-side clear color
    column-count column-gap column-rule column-width columns direction display empty-cells float font
    font-family font-size font-size-adjust font-stretch font-style font-variant font-weight height hyphens
    letter-spacing line-break line-height list-style list-style-image list-style-position list-style-type
    margin margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width
    object-fit object-position opacity order orphans outline outline-color outline-style outline-width
    overflow overflow-wrap overflow-x overflow-y padding padding-bottom padding-left padding-right padding-top
    page-break-after page-break-before page-break-inside quotes tab-size table-layout text-align
    text-align-last text-decoration text-decoration-color text-decoration-line text-decoration-style
    text-decoration-thickness text-indent text-overflow text-rendering text-shadow text-transform
    text-underline-offset text-wrap unicode-bidi vertical-align visibility white-space widows width word-break
    word-spacing word-wrap writing-mode aspect-ratio align-content align-items align-self flex flex-basis
    flex-direction flex-flow flex-grow flex-shrink flex-wrap gap justify-content justify-items justify-self
    row-gap grid-template-columns grid-column grid-row -webkit-text-size-adjust -ms-text-size-adjust
    text-size-adjust -webkit-font-smoothing position accent-color background-blend-mode block-size
    border-block border-block-color border-block-end border-block-end-color border-block-end-style
    border-block-end-width border-block-start border-block-start-color border-block-start-style
    border-block-start-width border-block-style border-block-width border-end-end-radius
    border-end-start-radius border-inline border-inline-color border-inline-end border-inline-end-color
    border-inline-end-style border-inline-end-width border-inline-start border-inline-start-color
    border-inline-start-style border-inline-start-width border-inline-style border-inline-width
    border-start-end-radius border-start-start-radius column-fill column-rule-color column-rule-style
    column-rule-width column-span font-feature-settings font-kerning font-variant-caps font-variant-ligatures
    font-variant-numeric grid grid-area grid-auto-columns grid-auto-flow grid-auto-rows grid-column-end
    grid-column-gap grid-column-start grid-gap grid-row-end grid-row-gap grid-row-start grid-template
    grid-template-areas grid-template-rows inline-size isolation margin-block margin-block-end
    margin-block-start margin-inline margin-inline-end margin-inline-start max-block-size max-inline-size
    min-block-size min-inline-size mix-blend-mode padding-block padding-block-end padding-block-start
    padding-inline padding-inline-end padding-inline-start place-content place-items place-self
    text-combine-upright text-decoration-skip-ink text-emphasis text-orientation text-underline-position
    break-after break-before break-inside"""
)
#: Where a url() may stand, and then only one that we wrote; elsewhere it takes its declaration with it.
CSS_URL_PROPERTIES = frozenset({"background", "background-image", "list-style", "list-style-image"})
CSS_FUNCTIONS = _words(
    """rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix calc min max clamp linear-gradient
    radial-gradient conic-gradient repeating-linear-gradient repeating-radial-gradient -webkit-linear-gradient
    -moz-linear-gradient -o-linear-gradient fit-content minmax repeat light-dark"""
)
#: Properties of which only some values are allowed: nothing may leave its place in the flow and lie over other text.
CSS_VALUES: dict[str, frozenset[str]] = {"position": frozenset({"static", "relative"})}
#: Properties that say "the sender chose colours". (Which scheme shows is not theirs to choose: no color-scheme.)
CSS_COLOR_PROPERTIES = frozenset({"color", "background", "background-color", "background-image"})

MEDIA_FEATURES = _words(
    """width min-width max-width device-width min-device-width max-device-width height min-height max-height
    orientation prefers-color-scheme prefers-reduced-motion resolution min-resolution max-resolution
    -webkit-min-device-pixel-ratio -webkit-max-device-pixel-ratio min-device-pixel-ratio hover pointer"""
)
MEDIA_WORDS = _words(
    """all screen print only not and or landscape portrait dark light no-preference reduce none fine coarse yahoo"""
)
PSEUDO_CLASSES = _words(
    """link visited hover active focus first-child last-child only-child nth-child nth-of-type first-of-type
    last-of-type not root is where empty"""
)


def attribute_allowed(tag: str, name: str, value: str) -> bool:
    """bleach's question for each attribute of each allowed element; ``value`` is judged elsewhere."""
    return name in GLOBAL_ATTRIBUTES or name in ATTRIBUTES.get(tag, NO_ATTRIBUTES)
