#!/usr/bin/env python3
"""pages.py ROOT: every link in a page leads somewhere, and every page under docs/ is reached from docs/README.md."""
import re
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)


def links_of(page):
    text = CODE.sub("", page.read_text())
    return [(page.parent / target).resolve() for target in LINK.findall(text) if "://" not in target]


def main():
    root = Path(sys.argv[1]).resolve()
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    broken = [f"{page.relative_to(root)}: no such file: {target}"
              for page in pages for target in links_of(page) if not target.exists()]
    seen, ahead = set(), [root / "docs/README.md"]
    while ahead:
        page = ahead.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            ahead += links_of(page)
    broken += [f"{page.relative_to(root)}: not reached from docs/README.md"
               for page in pages if page.is_relative_to(root / "docs") and page not in seen]
    print("\n".join(sorted(broken)) or f"{len(pages)} pages, every link leads somewhere")
    return 1 if broken or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
