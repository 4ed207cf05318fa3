/** Doubtful places of a transcript as it is now: what people have corrected is doubtful no more. */

/** @typedef {{place: number, from: number, to: number, start: number}} Doubt row, letters of its text, and second */

/** Where each word stands in the text of its row. @param {import("./rows.js").Row} row @returns {{from: number, to: number}[]} */
export function spansOf({ words }) {
  let at = 0;
  return words.map(({ word }, place) => {
    const from = at + (place > 0 && /^\s/.test(word) ? 1 : 0);
    at = from + word.trim().length;
    return { from, to: at };
  });
}

/** @param {import("./rows.js").Row[]} rows @returns {Doubt[]} neighbouring words are one place */
export function doubtsOf(rows) {
  return rows.flatMap((row, place) => {
    if (!row.words.length) return row.doubtful ? [{ place, from: 0, to: row.text.length, start: row.start }] : [];
    if (!row.words.some(({ doubtful }) => doubtful)) return [];
    const spans = spansOf(row);
    const found = [];
    row.words.forEach(({ doubtful, start }, at) => {
      if (!doubtful) return;
      if (row.words[at - 1]?.doubtful) found.at(-1).to = spans[at].to;
      else found.push({ place, ...spans[at], start });
    });
    return found;
  });
}
