/** The result of a task, as views use it. A foreign worker may have written anything: all of it is checked. */

/**
 * @typedef {{start: number, end: number, word: string, doubtful: boolean}} Word
 * @typedef {{start: number, end: number, text: string, words: Word[], doubtful: boolean, label: string, speaker: string, channel?: number}} Segment
 * @typedef {object} Transcript
 * @property {string} text
 * @property {string} language its code, or empty
 * @property {number} duration in seconds
 * @property {string} model
 * @property {Segment[]} segments
 * @property {import("./speakers.js").Speaker[]} speakers in the order in which they first speak
 * @property {{start: number, end: number}[]} doubts
 * @property {string[]} warnings
 * @property {any} result as the service sent it
 */

const number = (value, fallback = 0) => (Number.isFinite(value) ? value : fallback);
const text = (value) => (typeof value === "string" ? value : "");
const list = (value) => (Array.isArray(value) ? value.filter((each) => each && typeof each === "object") : []);
const span = ({ start, end }) => ({ start: number(start), end: Math.max(number(start), number(end)) });

/** @param {any} result @returns {Transcript} */
export function transcriptOf(result) {
  const doubts = list(result?.quality?.low_confidence).map(span);
  const within = (time) => doubts.some((doubt) => doubt.start <= time && time <= doubt.end);
  const segments = list(result?.segments).map((segment) => segmentOf(segment, within, doubts));
  const whole = text(result?.text).trim();
  const duration = number(result?.duration, segments.at(-1)?.end ?? 0);
  if (!segments.length && whole) {
    segments.push({ start: 0, end: duration, text: whole, words: [], doubtful: false, label: "", speaker: "" });
  }
  return {
    text: whole,
    language: text(result?.language),
    duration,
    model: text(result?.model),
    segments,
    speakers: speakersTold(result, segments),
    doubts,
    warnings: (Array.isArray(result?.warnings) ? result.warnings : []).filter((each) => typeof each === "string"),
    result,
  };
}

/** Those that the result lists, and whoever else says a segment. */
function speakersTold(result, segments) {
  const listed = list(result?.speakers).filter(({ id }) => text(id));
  const known = new Map(listed.map(({ id, name, seconds }) => [id, { id, name: text(name) || id, seconds: number(seconds) }]));
  for (const { speaker: id } of segments) if (id && !known.has(id)) known.set(id, { id, name: id, seconds: 0 });
  return [...known.values()].map((speaker, place) => ({ ...speaker, place }));
}

/** @returns {Segment} */
function segmentOf(segment, within, doubts) {
  const words = list(segment.words).map((word) => {
    const times = span(word);
    return { ...times, word: text(word.word), doubtful: within((times.start + times.end) / 2) };
  });
  const times = span(segment);
  const shown = text(segment.text).trim();
  const spelled = words.map((each) => each.word).join("");
  const overlaps = doubts.some((doubt) => doubt.start < times.end && times.start < doubt.end);
  const channel = Number.isInteger(segment.channel) ? segment.channel : undefined;
  const label = channel === undefined ? "" : `Channel ${channel}`;
  const fitting = spelled.trim() === shown ? words : [];
  return { ...times, text: shown, words: fitting, doubtful: overlaps, label, speaker: text(segment.speaker), channel };
}

/**
 * The last that has begun at `time` and has not been over for long; -1 where none has.
 * @param {{start: number, end: number}[]} spans in order @param {number} time
 */
export function indexAt(spans, time) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].start <= time + 0.01) low = middle + 1;
    else high = middle;
  }
  const found = low - 1;
  return found >= 0 && time < spans[found].end + 0.5 ? found : -1;
}
