/** Options of a task as the form has them; remembered for the next time. */

import { Observable } from "../core/observable.js";
import { read, write } from "../core/storage.js";

export const DEFAULTS = Object.freeze({
  model: "",
  language: "",
  task: "transcribe",
  prompt: "",
  hotwords: "",
  word_timestamps: true,
  vad: true,
  track: "",
  channels: "",
  diarize: false,
  speakers: "",
  priority: "normal",
  trim: "",
  reuse: true,
});

/** What the service takes where a field is missing. */
const SERVICE_DEFAULTS = { ...DEFAULTS, word_timestamps: false };

function remembered() {
  const kept = read("options", {});
  const known = Object.keys(DEFAULTS).filter((name) => typeof kept?.[name] === typeof DEFAULTS[name]);
  return { ...DEFAULTS, ...Object.fromEntries(known.map((name) => [name, kept[name]])) };
}

/** @type {Observable<typeof DEFAULTS>} */
export const options = new Observable(remembered());

options.listen((value) => write("options", value));

/** How many of the options that are folded away differ from the defaults. */
export const changedCount = (value) =>
  Object.keys(DEFAULTS).filter((name) => !["model", "language"].includes(name) && value[name] !== DEFAULTS[name])
    .length;

/** The form fields of an upload. @returns {Record<string, string>} */
export function fieldsOf(value) {
  const entries = Object.entries(value).map(([name, each]) => [name, typeof each === "string" ? each.trim() : each]);
  return Object.fromEntries(
    entries.filter(([name, each]) => each !== SERVICE_DEFAULTS[name]).map(([name, each]) => [name, String(each)]),
  );
}
