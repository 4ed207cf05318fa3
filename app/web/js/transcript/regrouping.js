/** What people do to rows, as changes of the corrections: write, split, join, give to another speaker. */

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rows.js").Run} Run */
/** @typedef {import("./transcript.js").Segment} Segment */
/**
 * @typedef {object} Patch by numbers of segments; null takes away
 * @property {Record<number, string | null>} [texts]
 * @property {Record<number, Run | null>} [regrouped]
 * @property {Record<number, string | null>} [moved]
 * @property {import("./speakers.js").Changes} [speakers] all that was changed of speakers
 */

const UNSPACED = /[\u3040-\u30ff\u3400-\u9fff]/u;

/** @param {Row} row @param {string} text @param {Segment[]} segments @returns {Patch} */
export function written({ first, run, piece }, text, segments) {
  if (!run) return { texts: { [first]: text === segments[first].text ? null : text } };
  return patchOf(first, { ...run, pieces: run.pieces.with(piece, { ...run.pieces[piece], text }) }, segments);
}

/** All rows with other texts. @param {Row[]} rows @param {(text: string) => string} change @param {Segment[]} segments @returns {Patch[]} */
export function rewritten(rows, change, segments) {
  const differs = ({ text }) => change(text) !== text;
  return rows.filter((row) => (row.run ? row.piece === 0 && row.run.pieces.some(differs) : differs(row))).map((row) => {
    if (!row.run) return written(row, change(row.text), segments);
    const pieces = row.run.pieces.map((piece) => ({ ...piece, text: change(piece.text) }));
    return patchOf(row.first, { ...row.run, pieces }, segments);
  });
}

/** Two rows of one. @param {Row} row @param {string} before @param {string} after @param {Segment[]} segments @returns {Patch} */
export function split(row, before, after, segments) {
  const run = runOf(row);
  const own = run.pieces[row.piece];
  const pieces = run.pieces.toSpliced(row.piece, 1, { ...own, text: before }, { ...own, text: after });
  return patchOf(row.first, { ...run, pieces }, segments);
}

/** One row of two that follow each other. @param {Row} one @param {Row} other @param {Segment[]} segments @returns {Patch} */
export function joined(one, other, segments) {
  const [run, next] = [runOf(one), runOf(other)];
  const text = joinedText(one.text, other.text);
  const whole = { ...run.pieces[one.piece], text };
  if (one.run && one.run === other.run) {
    return patchOf(one.first, { ...run, pieces: run.pieces.toSpliced(one.piece, 2, whole) }, segments);
  }
  const rest = next.pieces.slice(1).map((piece) => pieceOf(piece.text, piece.speaker ?? other.told, one.told));
  return patchOf(one.first, { last: next.last, pieces: [...run.pieces.slice(0, -1), whole, ...rest] }, segments);
}

/** @param {string} one @param {string} other */
export function joinedText(one, other) {
  const tight = !one || !other || (UNSPACED.test(one.at(-1)) && UNSPACED.test(other[0]));
  return tight ? one + other : `${one} ${other}`;
}

/** @param {Row} row @param {string} speaker its id @param {Segment[]} segments @returns {Patch} */
export function spokenBy(row, speaker, segments) {
  if (!row.run) return { moved: { [row.first]: speaker === row.told ? null : speaker } };
  const pieces = row.run.pieces.with(row.piece, pieceOf(row.text, speaker, row.told));
  return patchOf(row.first, { ...row.run, pieces }, segments);
}

/** @param {Row} row @returns {Run} */
const runOf = ({ run, first, text, speaker, told }) => run ?? { last: first, pieces: [pieceOf(text, speaker, told)] };

const pieceOf = (text, speaker, told) => (speaker && speaker !== told ? { text, speaker } : { text });

/**
 * What had been corrected of these segments goes, and so do pieces without a text; a run that is one segment again is none.
 * @param {number} first @param {Run} run @returns {Patch}
 */
function patchOf(first, { last, pieces }, segments) {
  const filled = pieces.filter(({ text }) => text);
  if (!filled.length) return nothingSaid(first, last, segments);
  const patch = cleared(first, last);
  const [{ text, speaker }] = filled;
  if (last > first || filled.length > 1) patch.regrouped[first] = { last, pieces: filled };
  else {
    if (text !== segments[first].text) patch.texts[first] = text;
    if (speaker) patch.moved[first] = speaker;
  }
  return patch;
}

/** Segments of which every word was deleted. @returns {Patch} */
function nothingSaid(first, last, segments) {
  const patch = cleared(first, last);
  for (let index = first; index <= last; index += 1) if (segments[index].text) patch.texts[index] = "";
  return patch;
}

/** @returns {Required<Omit<Patch, "speakers">>} */
function cleared(first, last) {
  const patch = { texts: {}, regrouped: {}, moved: {} };
  for (let index = first; index <= last; index += 1) patch.texts[index] = patch.regrouped[index] = patch.moved[index] = null;
  return patch;
}
