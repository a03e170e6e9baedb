"""How long cleaning takes: ours beside stock bleach and (where it is installed) nh3, on real newsletters.

    python -m bench.render [folder of .html files]

Prints milliseconds for each kB at the median, and the 95th and 99th percentile and the worst of whole
messages: CPU time, but through the guarded child, where it is time on the wall. Without a folder the
corpus beside the repository is used.
"""

import gc
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from webmail.render import isolated
from webmail.render.cleaner import sanitize
from webmail.render.css import _filter_cached
from webmail.render.policy import ATTRIBUTES, GLOBAL_ATTRIBUTES, TAGS
from webmail.render.sheet import filter_without_pictures

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "html"
#: Small inputs that have felled sanitisers; none may take a second of ours.
HOSTILE = {
    "nested div": "<div>" * 20_000,
    "nested table": "<table><tr><td>" * 900,
    "crossed formatting": "<b><i><font>" * 900 + "</b></i>" * 900,
    "options": "<select>" + "<option>" * 50_000,
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(20_000)) + ">",
    "entities": "&am" * 39_000,
    "brackets in a style": '<p style="' + "(" * 8_000 + '">',
    "rules": "<style>" + "a:not(.b){color:red}" * 12_000 + "</style>",
    "pictures": "<img src=cid:x>" * 50_000,
    "open comments": "<!--" * 100_000,
    "less-than signs": "<" * 1_000_000,
}


def stock_bleach() -> Callable[[str], object]:
    import bleach
    from bleach.css_sanitizer import CSSSanitizer

    allowed = {tag: [*GLOBAL_ATTRIBUTES, *ATTRIBUTES.get(tag, ())] for tag in TAGS}
    cleaner = bleach.Cleaner(tags=TAGS, attributes=allowed, strip=True, css_sanitizer=CSSSanitizer())
    return cleaner.clean


def rust_ammonia() -> Callable[[str], object] | None:
    try:
        import nh3
    except ImportError:
        return None
    allowed = {tag: set(GLOBAL_ATTRIBUTES) | set(ATTRIBUTES.get(tag, ())) for tag in TAGS}
    return lambda source: nh3.clean(source, tags=set(TAGS), attributes=allowed, link_rel=None)


def measure(
    name: str, clean: Callable[[str], object], sources: list[str], clock: Callable[[], float] = time.process_time
) -> None:
    per_kb = []
    whole = []
    refused = 0
    for source in sources:
        # What ours remembers between messages would flatter it: each message is met as if it were the first.
        _filter_cached.cache_clear()
        filter_without_pictures.cache_clear()
        gc.collect(0)
        started = clock()
        try:
            clean(source)
        except Exception:
            refused += 1
            continue
        milliseconds = (clock() - started) * 1000
        whole.append(milliseconds)
        if len(source) >= 1000:
            per_kb.append(milliseconds / (len(source) / 1000))
    whole.sort()
    print(
        f"{name:14} {statistics.median(per_kb):6.3f} ms/kB   p95 {whole[int(len(whole) * 0.95)]:7.1f} ms   "
        f"p99 {whole[int(len(whole) * 0.99)]:7.1f} ms   worst {whole[-1]:7.1f} ms   refused {refused}"
    )


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    if not folder.is_dir():
        sys.exit(f"There is no folder {folder}. Name one that holds .html files.")
    sources = [path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*")) if path.is_file()]
    print(f"{len(sources)} messages, {sum(map(len, sources)) / 1000:.0f} kB")
    measure("ours", sanitize, sources)
    isolated.sanitize("<p>warm</p>")
    measure("ours, isolated", isolated.sanitize, sources, time.perf_counter)
    measure("stock bleach", stock_bleach(), sources)
    if ammonia := rust_ammonia():
        measure("nh3", ammonia, sources)
    else:
        print("nh3            is not installed")
    print("\nhostile input, ours (isolated):")
    for name, source in HOSTILE.items():
        started = time.perf_counter()
        try:
            isolated.sanitize(source)
            outcome = "shown"
        except Exception as error:
            outcome = f"refused: {error}"
        print(f"  {name:22} {(time.perf_counter() - started) * 1000:7.0f} ms   {outcome}")


if __name__ == "__main__":
    main()
