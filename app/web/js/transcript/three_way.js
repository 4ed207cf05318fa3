/** Corrections of two browsers put together: what one of them has changed since they last agreed counts. */

/** @typedef {import("./speakers.js").Changes} Changes */
/** @typedef {{texts: Record<number, string>, speakers: Changes}} Corrected */

const SPEAKERS = /** @type {const} */ (["names", "merged", "moved"]);

/** @param {Record<string, string>} base @param {Record<string, string>} mine @param {Record<string, string>} theirs */
function merged(base, mine, theirs) {
  const keys = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
  const chosen = [...keys].map((key) => [key, mine[key] === base[key] ? theirs[key] : mine[key]]);
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined));
}

/** `mine`, made to `base`, on top of `theirs`; where both changed the same, mine counts. @returns {Corrected} */
export function rebased(base, mine, theirs) {
  const speakers = SPEAKERS.map((name) => [name, merged(base.speakers[name], mine.speakers[name], theirs.speakers[name])]);
  return { texts: merged(base.texts, mine.texts, theirs.texts), speakers: Object.fromEntries(speakers) };
}

const same = (one, other) =>
  Object.keys(one).length === Object.keys(other).length && Object.entries(one).every(([key, value]) => other[key] === value);

/** @param {Corrected} one @param {Corrected} other */
export const equal = (one, other) =>
  same(one.texts, other.texts) && SPEAKERS.every((name) => same(one.speakers[name], other.speakers[name]));
