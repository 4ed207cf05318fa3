/** Where a text occurs in segments, whatever the case of its letters. */

/** @typedef {{index: number, from: number, to: number}} Hit letters of the text of row `index` */

/** @param {string} wanted @returns {RegExp | null} that finds it; null: nothing is wanted */
export function patternOf(wanted) {
  const text = wanted.trim();
  return text ? new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu") : null;
}

/** @param {string[]} texts @param {string} wanted @returns {Hit[]} */
export function hitsOf(texts, wanted) {
  const pattern = patternOf(wanted);
  if (!pattern) return [];
  return texts.flatMap((text, index) =>
    Array.from(text.matchAll(pattern), ({ index: from, 0: found }) => ({ index, from, to: from + found.length })),
  );
}

/**
 * Marks hits without touching the document (CSS Custom Highlights); old browsers show them by their row only.
 * @param {(index: number) => Element | null} elementOf the element that holds the text of a row
 * @param {Hit[]} hits @param {number} current place in hits
 */
export function mark(elementOf, hits, current) {
  if (!globalThis.Highlight || !CSS.highlights) return;
  CSS.highlights.delete("hit");
  CSS.highlights.delete("hit-current");
  const ranges = hits.map((hit) => rangeOf(elementOf(hit.index), hit));
  const others = ranges.filter((range, place) => range && place !== current);
  if (others.length) CSS.highlights.set("hit", new Highlight(...others));
  if (ranges[current]) CSS.highlights.set("hit-current", new Highlight(ranges[current]));
}

/** @param {Element | null} element @param {Hit} hit @returns {Range | null} */
function rangeOf(element, { from, to }) {
  if (!element) return null;
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let passed = 0;
  let begun = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const end = passed + node.data.length;
    if (!begun && from < end) {
      range.setStart(node, from - passed);
      begun = true;
    }
    if (begun && to <= end) {
      range.setEnd(node, to - passed);
      return range;
    }
    passed = end;
  }
  return null;
}
