/** The tasks of this browser. One entry of localStorage each, so that tabs do not overwrite one another's. */

import { Observable } from "../core/observable.js";
import { names, onForeignChange, read, write } from "../core/storage.js";

/**
 * @typedef {object} Entry
 * @property {string} key ours; there before the service has given an id
 * @property {string | null} task_id
 * @property {string} name of the file
 * @property {string} [title] of the transcript in the archive: as people named it, or the file's name without its end
 * @property {string[]} [tags]
 * @property {number} size in bytes
 * @property {number} created_at Unix time
 * @property {Record<string, string>} options
 * @property {"sending" | "queued" | "processing" | "done" | "error" | "cancelled" | "gone"} phase
 * @property {{code: string, message: string} | null} error
 * @property {number | null} duration in seconds
 * @property {string | null} language
 * @property {string} preview how the text begins
 * @property {string} [attempt] names the upload, where the recording was sent more than once
 * @property {string | null} [upload] address where parts of the recording are
 * @property {boolean} [live] it was sent while it was recorded
 * @property {boolean} [left] the page was closed while it was recorded: nothing of it is here
 * @property {string} [again_of] id of the first task of the same recording, where this one does it again
 * @property {string} [sound] key of the entry that has the recording
 * @property {number} recording_bytes 0: the recording is not kept here
 * @property {number} [sent] part of the upload, 0 to 1
 * @property {number} [progress]
 * @property {number} [eta_seconds]
 * @property {number} [position]
 * @property {string} [text] so far
 * @property {boolean} [waiting] the service does not answer, or takes nothing now
 * @property {{code: string, detail: string} | null} [waiting_for] why, where it has answered
 */

const VOLATILE = ["sent", "progress", "eta_seconds", "position", "text", "waiting", "waiting_for"];
const START = "task.";

const newestFirst = (entries) => entries.sort((one, other) => other.created_at - one.created_at);

function load() {
  const entries = names(START).map((name) => read(name, null));
  return newestFirst(entries.filter((entry) => typeof entry?.key === "string"));
}

/** @type {Observable<Entry[]>} newest first */
export const history = new Observable(load());

onForeignChange((name) => {
  if (!name.startsWith(START)) return;
  const entry = read(name, null);
  const others = history.value.filter((each) => START + each.key !== name);
  const old = history.value.find((each) => START + each.key === name);
  history.value = entry ? newestFirst([...others, { ...old, ...entry }]) : others;
});

/** @param {string} key @returns {Entry | undefined} */
export const entryOf = (key) => history.value.find((entry) => entry.key === key);

/** @param {Entry} entry */
function store(entry) {
  write(START + entry.key, Object.fromEntries(Object.entries(entry).filter(([name]) => !VOLATILE.includes(name))));
}

/** @param {Partial<Entry> & {name: string}} given @returns {Entry} */
export function addEntry(given) {
  const entry = {
    key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`,
    task_id: null,
    size: 0,
    created_at: Date.now() / 1000,
    options: {},
    phase: "sending",
    error: null,
    duration: null,
    language: null,
    preview: "",
    recording_bytes: 0,
    ...given,
  };
  store(entry);
  history.value = newestFirst([entry, ...history.value]);
  return entry;
}

/** @param {string} key @param {Partial<Entry>} changes of one that was removed: nothing happens */
export function updateEntry(key, changes) {
  const old = entryOf(key);
  if (!old) return;
  const entry = { ...old, ...changes };
  if (Object.keys(changes).some((name) => !VOLATILE.includes(name) && changes[name] !== old[name])) store(entry);
  history.value = history.value.map((each) => (each === old ? entry : each));
}

/** @param {string} key */
export function removeEntry(key) {
  write(START + key, null);
  history.value = history.value.filter((entry) => entry.key !== key);
}

/** What people named it, or the file. @param {Entry} entry */
export const nameOf = ({ name, title }) => (title && title !== withoutEnd(name) ? title : name);

/** As the service makes a title of it. @param {string} name of a file */
export const withoutEnd = (name) => name.replace(/(?<=.)\.[^.]+$/, "");

/** @param {Entry} entry */
export const isOpen = (entry) => entry.phase === "queued" || entry.phase === "processing";
