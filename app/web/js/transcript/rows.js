/** What people see of a transcript: the segments of the service, as they were corrected, split and joined. */

import { retimed, shared } from "./retiming.js";

/** @typedef {import("./transcript.js").Segment} Segment */
/** @typedef {import("./transcript.js").Word} Word */
/** @typedef {{text: string, speaker?: string}} Piece `speaker`, where it is not that of the first segment */
/** @typedef {{last: number, pieces: Piece[]}} Run segments up to `last`, split or joined into pieces */
/** @typedef {{texts: Record<number, string>, regrouped: Record<number, Run>, speakers: import("./speakers.js").Changes}} Corrections */
/**
 * @typedef {object} Row
 * @property {string} key
 * @property {number} first number of the segment that it is made of, or of the first of them
 * @property {Run | null} run null: it is one segment, neither split nor joined
 * @property {number} piece its number in the run
 * @property {number} start in seconds
 * @property {number} end
 * @property {string} text
 * @property {Word[]} words those of the text with their times; none where they are not known
 * @property {boolean} doubtful it overlaps a doubtful place, and its words are not known
 * @property {string} label
 * @property {string} speaker id, before speakers were merged
 * @property {string} told id, as the service told of the first segment
 * @property {number} [channel]
 * @property {boolean} changed
 */

/** Makes rows, each anew only when something of it has changed. */
export class Rows {
  /** @type {Map<number, {run?: Run, text?: string, speaker?: string, rows: Row[]}>} */
  #made = new Map();

  /** @param {Segment[]} segments */
  constructor(segments) {
    this.segments = segments;
  }

  /** @param {Corrections} corrections @returns {Row[]} */
  of({ texts, regrouped, speakers: { moved } }) {
    const rows = [];
    for (let index = 0; index < this.segments.length; ) {
      const run = regrouped[index]?.last < this.segments.length ? regrouped[index] : undefined;
      for (const row of this.#kept(index, run, texts[index], moved[index])) rows.push(row);
      index = run ? run.last + 1 : index + 1;
    }
    return rows;
  }

  #kept(index, run, text, speaker) {
    const kept = this.#made.get(index);
    if (kept && kept.run === run && kept.text === text && kept.speaker === speaker) return kept.rows;
    const rows = run ? pieces(this.segments.slice(index, run.last + 1), index, run) : [single(this.segments[index], index, text, speaker)];
    this.#made.set(index, { run, text, speaker, rows });
    return rows;
  }
}

/** @param {Segment} segment @returns {Row} */
function single(segment, first, text = segment.text, speaker = segment.speaker) {
  const changed = text !== segment.text;
  const words = changed ? fitting(retimed(segment.words, text), text) : segment.words;
  const { start, end, label, channel, speaker: told } = segment;
  const doubtful = segment.doubtful && !changed;
  return { key: String(first), first, run: null, piece: 0, start, end, text, words, doubtful, label, speaker, told, channel, changed };
}

/** @param {Segment[]} segments @param {number} first @param {Run} run @returns {Row[]} */
function pieces(segments, first, run) {
  const { label, channel, speaker: told } = segments[0];
  const known = segments.some(({ words }) => words.length > 0);
  const words = retimed(segments.flatMap(wordsOf), run.pieces.map(({ text }) => text).join(" "));
  const rows = run.pieces.map(({ text, speaker = told }, piece) => {
    const own = words.splice(0, text.split(/\s+/).filter(Boolean).length);
    const [start, end] = [own[0]?.start ?? segments[0].start, own.at(-1)?.end ?? segments[0].end];
    const key = `${first}.${piece}`;
    return { key, first, run, piece, start, end, text, words: known ? fitting(own, text) : [], doubtful: false, label, speaker, told, channel, changed: true };
  });
  rows[0].start = segments[0].start;
  rows.at(-1).end = Math.max(...segments.map(({ end }) => end));
  return rows;
}

/** All words of a segment; where none are timed, they share its time. @param {Segment} segment */
const wordsOf = ({ words, text, start, end }) => (words.length ? words : shared(text.split(/\s+/).filter(Boolean), start, end));

/** Words, unless they would not show the text as it is. @param {Word[]} words @param {string} text */
const fitting = (words, text) => (words.map(({ word }) => word.trim()).join(" ") === text ? words : []);
