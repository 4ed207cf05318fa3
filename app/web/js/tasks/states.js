/** What the service tells of a task, put into the history; whoever wants to know that it has ended, is told. */

import { entryOf, updateEntry } from "./history.js";

const PREVIEW_LETTERS = 280;

/** @type {Set<(entry: import("./history.js").Entry) => void>} */
const listeners = new Set();

/** @param {(entry: import("./history.js").Entry) => void} listener */
export function onEnded(listener) {
  listeners.add(listener);
}

/** What the archive calls it, unless it is not there yet. @param {any} told */
export const detailsOf = ({ title, tags }) => ({
  ...(typeof title === "string" && { title }),
  ...(Array.isArray(tags) ? { tags: tags.map(String) } : title && { tags: [] }),
});

const text = (value) => (typeof value === "string" ? value : "");
const number = (value) => (Number.isFinite(value) ? value : undefined);

/** @param {string} key @param {any} state TaskState, as the service sends it */
export function applyState(key, state) {
  const common = { waiting: false, position: number(state.position), eta_seconds: number(state.eta_seconds) };
  if (state.status === "done") {
    const result = state.result ?? {};
    updateEntry(key, {
      ...common,
      ...detailsOf(state),
      phase: "done",
      progress: 1,
      error: null,
      preview: text(result.text).trim().slice(0, PREVIEW_LETTERS),
      duration: number(result.duration) ?? null,
      language: text(result.language) || null,
    });
  } else if (state.status === "error") {
    const error = state.error ?? {};
    updateEntry(key, { ...common, phase: "error", error: { code: text(error.code), message: text(error.message) } });
  } else {
    const phase = state.status === "processing" ? "processing" : "queued";
    updateEntry(key, { ...common, phase, progress: number(state.progress) ?? 0, text: text(state.text) });
    return;
  }
  for (const listener of listeners) listener(entryOf(key));
}

/** @param {string} key @param {import("../api/events.js").TaskEvent} event */
export function applyEvent(key, { event, data }) {
  if (event === "window") {
    const before = data.number > 0 ? (entryOf(key)?.text ?? "") : "";
    updateEntry(key, { text: `${before} ${text(data.text).trim()}`.trim(), waiting: false });
  } else if (typeof data?.status === "string") {
    applyState(key, data);
  }
}
