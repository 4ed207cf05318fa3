/** Files of a transcript of whose corrections the service does not know yet; all others come from there. */

import { subtitleTime } from "../core/times.js";
import { finalId } from "./speakers.js";

const LINE_LETTERS = 42;
/** Takes no space and shows nothing; SubRip knows no escapes, so it keeps `<` from being read as markup. */
const WORD_JOINER = "\u2060";

/**
 * @typedef {{start: number, end: number, text: string, label?: string, channel?: number, speaker?: string, id?: string, first: number, changed: boolean}} Line
 *   `label` is who says it, `speaker` a name and `id` its id, `first` the number of the segment that it is made of
 */

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

const labelled = ({ label, text }) => (label ? `${plain(label)}: ${plain(text)}` : plain(text));

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
      `${subtitleTime(start, ".")} --> ${subtitleTime(end, ".")}\n${label ? `<v ${escaped(plain(label))}>` : ""}${escaped(wrapped(plain(text)))}\n`,
  );
  return ["WEBVTT\n", ...cues].join("\n");
}

/** @param {Line[]} lines */
export function toTsv(lines) {
  const kept = filled(lines);
  const added = ["channel", "speaker"].filter((name) => kept.some((line) => line[name] !== undefined));
  const rows = kept.map((line) => {
    const columns = [Math.round(line.start * 1000), Math.round(line.end * 1000), plain(line.text)];
    return [...columns, ...added.map((name) => plain(String(line[name] ?? "")))].join("\t");
  });
  return `${[["start", "end", "text", ...added].join("\t"), ...rows].join("\n")}\n`;
}

/** @param {Line[]} lines @param {any} result as `appliedTo` makes it */
export const toJson = (lines, result) =>
  `${JSON.stringify({ ...result, text: filled(lines).map((line) => plain(line.text)).join(" "), edited: true }, null, 2)}\n`;

/**
 * The result of the service with what was corrected; changed segments have no words: they no longer fit.
 * @param {any} result @param {Line[]} lines @param {import("./speakers.js").Changes} changes @param {import("./speakers.js").Speaker[]} speakers
 */
export function appliedTo(result, lines, changes, speakers) {
  const told = Array.isArray(result?.segments) ? result.segments : [];
  const final = (each) => (typeof each?.speaker === "string" ? { ...each, speaker: finalId(changes, each.speaker) } : each);
  const segments = lines.map(({ first, start, end, text, id, changed }) => {
    const { words, ...rest } = told[first] ?? {};
    const said = id ? { ...rest, speaker: id } : rest;
    if (changed || !words) return changed ? { ...said, start, end, text } : said;
    return { ...said, words: id ? words.map((word) => ({ ...word, speaker: id })) : words };
  });
  const { utterances: _, ...rest } = result; // segments tell the same
  const named = speakers.map(({ id, name, seconds }) => ({ id, name: name === id ? null : name, seconds }));
  return {
    ...rest,
    ...(told.length && { segments }),
    ...(named.length && { speakers: named }),
    ...(Array.isArray(result.turns) && { turns: result.turns.map(final) }),
  };
}

/** Turns, in the form in which diarization is scored. */
export function toRttm(_, result) {
  const names = new Map((Array.isArray(result?.speakers) ? result.speakers : []).map(({ id, name }) => [id, name ?? id]));
  const field = (value) => String(value).trim().replace(/\s+/g, "_") || "<NA>";
  const rows = (Array.isArray(result?.turns) ? result.turns : []).map(({ start, end, speaker }) =>
    `SPEAKER recording 1 ${start.toFixed(3)} ${(end - start).toFixed(3)} <NA> <NA> ${field(names.get(speaker) ?? speaker)} <NA> <NA>\n`);
  return rows.join("");
}

/** What people call the formats of the service; the first are those that most want. */
export const FORMATS = {
  docx: "DOCX", text: "TXT", md: "Markdown", srt: "SRT", vtt: "VTT", tsv: "TSV", json: "JSON", rttm: "RTTM",
};
/** By the names that the service gives them. */
export const WRITERS = { text: toText, srt: toSrt, vtt: toVtt, tsv: toTsv, json: toJson, rttm: toRttm };
export const EXTENSIONS = { docx: "docx", md: "md", text: "txt", srt: "srt", vtt: "vtt", tsv: "tsv", json: "json", rttm: "rttm" };
