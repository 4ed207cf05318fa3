"""The page's icon as iOS wants it, drawn from the SVG by Chromium: `python3 -m scripts.app_icon`.

iOS takes no SVG, shows transparent pixels in black, and rounds the corners itself: so the picture is 180
pixels wide, and the icon's own background fills its corners. Needs requirements/dev.txt.
"""

import re
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.browser import browser_path

FOLDER = Path(__file__).parents[1] / "app" / "web"
SOURCE, TARGET = FOLDER / "icon.svg", FOLDER / "apple-touch-icon.png"
PIXELS = 180
PAGE = "<style>html {{ background: {colour} }} body {{ margin: 0 }} svg {{ display: block }}</style>{drawing}"


def main() -> None:
    """Draw it anew."""
    drawing = SOURCE.read_text("utf-8")
    background = re.search(r'<rect[^>]* fill="([^"]+)"', drawing)
    if background is None:
        raise SystemExit(f"{SOURCE} has no rectangle with a colour, which is the background.")
    with sync_playwright() as playwright:
        # Root, as in containers, may not use Chromium's sandbox; what is drawn is our own file.
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": PIXELS, "height": PIXELS})
        page.set_content(PAGE.format(colour=background[1], drawing=drawing))
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
