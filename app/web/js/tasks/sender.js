/** Sends recordings, two at a time, until the service has taken them; a reload takes them up again. */

import { Problem } from "../api/problem.js";
import { upload } from "../api/upload.js";
import { backoff, pause } from "../core/pause.js";
import { addEntry, entryOf, history, updateEntry } from "./history.js";
import { keepRecording, recordingOf } from "./recordings.js";

const AT_A_TIME = 2;

/** @type {{key: string, content: Blob}[]} */
const waiting = [];
/** @type {Map<string, AbortController>} */
const running = new Map();

/** @param {Blob} content @param {string} name @param {Record<string, string>} options */
export function send(content, name, options) {
  const entry = addEntry({ name, size: content.size, options });
  start(entry.key, content);
  keepRecording(entry.key, content);
  return entry.key;
}

/** Sends the recording of an entry once more, as a new task. @returns {Promise<boolean>} false: it is not here */
export async function sendAgain(key) {
  const content = await recordingOf(key);
  if (!content) return false;
  const attempt = `${key}-${Date.now()}`;
  updateEntry(key, { phase: "sending", attempt, task_id: null, error: null, text: "", preview: "", sent: 0, progress: 0 });
  start(key, content);
  return true;
}

/** Goes on with what was not sent when the page was closed. */
export async function resumeSending() {
  for (const { key } of history.value.filter((entry) => entry.phase === "sending" && !running.has(entry.key))) {
    const content = await recordingOf(key);
    if (content) start(key, content);
    else fail(key, { code: "interrupted", message: "" });
  }
}

/** @param {string} key */
export function stopSending(key) {
  const place = waiting.findIndex((each) => each.key === key);
  if (place >= 0) waiting.splice(place, 1);
  running.get(key)?.abort();
}

function start(key, content) {
  waiting.push({ key, content });
  next();
}

function next() {
  while (running.size < AT_A_TIME && waiting.length) {
    const job = waiting.shift();
    const controller = new AbortController();
    running.set(job.key, controller);
    run(job, controller.signal).finally(() => {
      running.delete(job.key);
      next();
    });
  }
}

async function run({ key, content }, signal) {
  const { name, options, attempt = key } = entryOf(key) ?? {};
  for (let failures = 0; entryOf(key); ) {
    try {
      const onProgress = (sent) => updateEntry(key, { sent, waiting: false });
      const accepted = await upload({ content, name, fields: options, idempotencyKey: attempt, onProgress, signal });
      updateEntry(key, { task_id: accepted.task_id, phase: "queued", waiting: false });
      return;
    } catch (problem) {
      if (signal.aborted) return;
      if (!(problem instanceof Problem) || !problem.passes) {
        return fail(key, { code: problem.code ?? "unexpected", message: problem.detail ?? String(problem) });
      }
      failures += 1;
      updateEntry(key, { waiting: true, sent: 0 });
      await pause(Math.min(60, problem.retryAfter || backoff(failures)), signal).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

function fail(key, error) {
  updateEntry(key, { phase: "error", error, waiting: false });
}
