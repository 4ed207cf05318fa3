/** What people do to tasks: cancel, retry, delete; and take up those that others have sent. */

import { deleteTask, listTasks, retryTask, saveDetails } from "../api/client.js";
import { detailsOf } from "./states.js";
import { addEntry, entryOf, history, isOpen, removeEntry, updateEntry } from "./history.js";
import { forgetEdits } from "./edits.js";
import { keepPlace } from "./places.js";
import { forgetRecording } from "./recordings.js";
import { isElsewhere, sendAgain, sendVersion, stopSending } from "./sender.js";

/** @param {string} taskId */
async function deleteThere(taskId) {
  try {
    await deleteTask(taskId);
  } catch (problem) {
    if (problem.status !== 404) throw problem; // it is gone already
  }
}

/** Raises Problem. @param {string} key */
export async function cancel(key) {
  const entry = entryOf(key);
  if (!entry) return;
  stopSending(key);
  if (entry.task_id && isOpen(entry)) await deleteThere(entry.task_id);
  updateEntry(key, { phase: "cancelled", waiting: false });
}

/** Raises Problem. @param {string} key */
export async function remove(key) {
  const entry = entryOf(key);
  if (!entry) return;
  stopSending(key);
  if (entry.task_id && entry.phase !== "gone" && entry.phase !== "cancelled") await deleteThere(entry.task_id);
  await forgetRecording(key);
  await forgetEdits(key);
  keepPlace(key, null);
  removeEntry(key);
}

/** Raises Problem. @param {string} key @param {{title: string, tags: string[]}} details */
export async function rename(key, details) {
  const entry = entryOf(key);
  if (entry?.task_id) updateEntry(key, detailsOf(await saveDetails(entry.task_id, details)));
}

/** The service tries again with what it has kept, or the recording is sent anew. Raises Problem. @param {string} key */
export async function retry(key) {
  const entry = entryOf(key);
  if (!entry) return;
  if (entry.task_id && entry.phase === "error") {
    try {
      await retryTask(entry.task_id);
      updateEntry(key, { phase: "queued", error: null, progress: 0, text: "" });
      return;
    } catch (problem) {
      if (![404, 405, 409].includes(problem.status) || !(await sendAgain(key))) throw problem;
      return;
    }
  }
  if (!(await sendAgain(key))) throw new Error("recording_missing");
}

/**
 * Has a recording transcribed once more, both versions stay.
 * @param {import("./history.js").Entry} entry @param {string} model @param {boolean} speakers whether they are told apart
 * @returns {string} key of the new entry
 */
export function doAgain(entry, model, speakers) {
  const { again_of: _, upload: __, url: ___, ...options } = entry.options;
  return sendVersion(entry, { word_timestamps: "true", ...(speakers && { diarize: "true" }), ...options, model });
}

const PASSING = ["request_in_progress", "unauthorized", "unexpected", "not_found", "upload_not_found", "upload_stalled", "upload_incomplete"];

/** What the service has refused outright, it would refuse again. @param {import("./history.js").Entry} entry */
export function mayRetry(entry) {
  const { phase, task_id, error, recording_bytes } = entry;
  if (phase === "error" && task_id !== null) return true;
  const again = phase === "cancelled" || phase === "gone" || PASSING.includes(error?.code);
  return again && (recording_bytes > 0 || isElsewhere(entry));
}

/**
 * Adds tasks that the service knows and this browser does not. Raises Problem.
 * @param {string | null} cursor @returns {Promise<string | null>} cursor of those that follow
 */
export async function takeUpOthers(cursor) {
  const page = await listTasks(cursor);
  const known = new Set(history.value.map((entry) => entry.task_id));
  for (const task of page.tasks ?? []) {
    if (known.has(task.task_id)) continue;
    addEntry({
      task_id: String(task.task_id),
      name: String(task.filename ?? task.task_id),
      ...detailsOf(task),
      created_at: Number(task.created_at) || 0,
      options: task.model ? { model: String(task.model) } : {},
      duration: task.duration ?? null,
      phase: ["queued", "processing"].includes(task.status) ? task.status : "queued", // its state is asked for
    });
  }
  return page.next_cursor ?? null;
}
