/** Files of a transcript that was edited here; those of others come from the service. */

import { subtitleTime } from "../core/times.js";

const LINE_LETTERS = 42;
/** Takes no space and shows nothing; SubRip knows no escapes, so it keeps `<` from being read as markup. */
const WORD_JOINER = "\u2060";

/** @typedef {{start: number, end: number, text: string, label?: string}} Line `label` is who says it */

/** In two lines where it is long: at the space that is nearest to the middle. @param {string} text */
function wrapped(text) {
  if (text.length <= LINE_LETTERS) return text;
  const spaces = [...text.matchAll(/ /g)].map((match) => match.index);
  if (!spaces.length) return text;
  const middle = text.length / 2;
  const at = spaces.reduce((best, each) => (Math.abs(each - middle) < Math.abs(best - middle) ? each : best));
  return `${text.slice(0, at)}\n${text.slice(at + 1)}`;
}

const plain = (text) => text.replace(/\s+/g, " ").trim();
const filled = (lines) => lines.filter((line) => plain(line.text));

const labelled = ({ label, text }) => (label ? `${label}: ${plain(text)}` : plain(text));

/** @param {Line[]} lines */
export const toText = (lines) => `${filled(lines).map(labelled).join("\n")}\n`;

/** @param {Line[]} lines */
export function toSrt(lines) {
  const guarded = (text) => text.replaceAll("-->", `--${WORD_JOINER}>`).replaceAll("<", `<${WORD_JOINER}`);
  return filled(lines)
    .map((line, place) => {
      const times = `${subtitleTime(line.start, ",")} --> ${subtitleTime(line.end, ",")}`;
      return `${place + 1}\n${times}\n${guarded(wrapped(labelled(line)))}\n`;
    })
    .join("\n");
}

/** @param {Line[]} lines */
export function toVtt(lines) {
  const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const cues = filled(lines).map(
    ({ start, end, text, label }) =>
      `${subtitleTime(start, ".")} --> ${subtitleTime(end, ".")}\n${label ? `<v ${label}>` : ""}${escaped(wrapped(plain(text)))}\n`,
  );
  return ["WEBVTT\n", ...cues].join("\n");
}

/** @param {Line[]} lines */
export function toTsv(lines) {
  const kept = filled(lines);
  const hasChannels = kept.some(({ label }) => label);
  const rows = kept.map(({ start, end, text, label }) => {
    const columns = [Math.round(start * 1000), Math.round(end * 1000), plain(text)];
    return [...columns, ...(hasChannels ? [label?.replace("Channel ", "") ?? ""] : [])].join("\t");
  });
  return `${[`start\tend\ttext${hasChannels ? "\tchannel" : ""}`, ...rows].join("\n")}\n`;
}

/** The result with the texts of `lines`; words of a changed segment are left out: they no longer fit. */
export function toJson(lines, result) {
  const segments = (Array.isArray(result?.segments) ? result.segments : []).map((segment, index) => {
    const text = lines[index]?.text ?? segment.text;
    if (plain(text) === plain(segment.text ?? "")) return segment;
    const { words, ...rest } = segment;
    return { ...rest, text };
  });
  const text = filled(lines).map((line) => plain(line.text)).join(" ");
  return `${JSON.stringify({ ...result, text, segments, edited: true }, null, 2)}\n`;
}

/** By the names that the service gives them. */
export const WRITERS = { text: toText, srt: toSrt, vtt: toVtt, tsv: toTsv, json: toJson };
export const EXTENSIONS = { text: "txt", srt: "srt", vtt: "vtt", tsv: "tsv", json: "json" };
