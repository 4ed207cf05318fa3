/** Corrections of two browsers put together: what one of them has changed since they last agreed counts. */

/** @typedef {import("./rows.js").Corrections} Corrections */
/** @typedef {import("./rows.js").Run} Run */

const SPEAKERS = /** @type {const} */ (["names", "merged", "moved"]);

/** @param {Run | undefined} one @param {Run | undefined} other */
const sameRun = (one, other) =>
  one === other ||
  (one?.last === other?.last && one?.pieces.length === other?.pieces.length &&
    one.pieces.every(({ text, speaker }, place) => text === other.pieces[place].text && speaker === other.pieces[place].speaker));

/** @template T @param {Record<string, T>} base @param {Record<string, T>} mine @param {Record<string, T>} theirs @param {(one: T, other: T) => boolean} [same] */
function merged(base, mine, theirs, same = Object.is) {
  const keys = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
  const chosen = [...keys].map((key) => [key, same(mine[key], base[key]) ? theirs[key] : mine[key]]);
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined));
}

/** Segments of which `mine` says something else than `base`. @returns {Set<number>} */
function touched(base, mine) {
  const found = new Set();
  const pairs = [[base.texts, mine.texts], [base.speakers.moved, mine.speakers.moved]];
  for (const [before, after] of pairs) {
    for (const key of Object.keys({ ...before, ...after })) if (before[key] !== after[key]) found.add(Number(key));
  }
  for (const key of Object.keys({ ...base.regrouped, ...mine.regrouped })) {
    if (sameRun(base.regrouped[key], mine.regrouped[key])) continue;
    for (const run of [base.regrouped[key], mine.regrouped[key]]) for (const index of indexes(key, run)) found.add(index);
  }
  return found;
}

/** Numbers of the segments of a run. @param {string} first @param {Run} [run] */
function* indexes(first, run) {
  for (let index = Number(first); run && index <= run.last; index += 1) yield index;
}

/** `mine`, made to `base`, on top of `theirs`; where both changed the same, mine counts. @returns {Corrections} */
export function rebased(base, mine, theirs) {
  const own = touched(base, mine);
  const isTheirs = ([key, run]) => !sameRun(run, mine.regrouped[key]);
  const runs = Object.entries(merged(base.regrouped, mine.regrouped, theirs.regrouped, sameRun));
  const regrouped = Object.fromEntries(runs.filter((each) => !isTheirs(each) || ![...indexes(...each)].some((index) => own.has(index))));
  const speakers = SPEAKERS.map((name) => [name, merged(base.speakers[name], mine.speakers[name], theirs.speakers[name])]);
  return consistent({ texts: merged(base.texts, mine.texts, theirs.texts), regrouped, speakers: Object.fromEntries(speakers) });
}

/**
 * As the service takes them: no segment is in two runs, and one that is in a run has no text and no speaker besides. A step that is undone
 * after another browser has changed the same would make such.
 * @template {Corrections} C @param {C} corrections @returns {C}
 */
export function consistent(corrections) {
  const runs = Object.entries(corrections.regrouped);
  if (!runs.length) return corrections;
  const inside = new Set();
  const kept = runs.filter(([first, run]) => {
    const own = [...indexes(first, run)];
    const isFree = !own.some((index) => inside.has(index));
    if (isFree) for (const index of own) inside.add(index);
    return isFree;
  });
  const outside = (texts) => Object.fromEntries(Object.entries(texts).filter(([key]) => !inside.has(Number(key))));
  const { regrouped: _, speakers, texts, ...rest } = corrections;
  return { ...rest, texts: outside(texts), regrouped: Object.fromEntries(kept), speakers: { ...speakers, moved: outside(speakers.moved) } };
}

const same = (one, other, alike = Object.is) =>
  Object.keys(one).length === Object.keys(other).length && Object.entries(one).every(([key, value]) => alike(other[key], value));

/** @param {Corrections} one @param {Corrections} other */
export const equal = (one, other) =>
  same(one.texts, other.texts) && same(one.regrouped, other.regrouped, sameRun) && SPEAKERS.every((name) => same(one.speakers[name], other.speakers[name]));
