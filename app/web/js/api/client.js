/** Requests to the service that this page came from. Raise Problem. */

import { askForKey, currentKey } from "./keys.js";
import { Problem, problemOf } from "./problem.js";

/** @param {string | null} key @returns {Record<string, string>} */
export const authorization = (key) => (key ? { Authorization: `Bearer ${key}` } : {});

/**
 * @param {string} path
 * @param {{method?: string, headers?: Record<string, string>, body?: string, signal?: AbortSignal, keyless?: boolean}} [options]
 * @returns {Promise<Response>} of success
 */
export async function request(path, { method = "GET", headers = {}, body, signal, keyless = false } = {}) {
  const key = keyless ? null : currentKey();
  let response;
  try {
    response = await fetch(path, { method, body, signal, headers: { ...headers, ...authorization(key) } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({});
  }
  if (response.ok) return response;
  const problem = problemOf(response.status, await response.text(), response.headers.get("Retry-After"));
  if (problem.status !== 401) throw problem;
  await askForKey(key);
  return request(path, { method, headers, body, signal });
}

const json = async (path, options) => (await request(path, options)).json();
const taskPath = (taskId) => `/transcribe/${encodeURIComponent(taskId)}`;
const letterPath = (reference) => `/operator/dead/${encodeURIComponent(reference)}`;

/** @param {string} taskId @param {AbortSignal} [signal] */
export const taskState = (taskId, signal) => json(taskPath(taskId), { signal });

/** @param {string} taskId @param {string} format @param {boolean} corrected */
export const transcriptFile = async (taskId, format, corrected) =>
  (await request(`${taskPath(taskId)}?format=${format}${corrected ? "&corrected=true" : ""}`)).blob();

/** A null stands for a speaker that is not told. @param {{last: number, pieces: {text: string, speaker?: string | null}[]}} run */
const runOf = ({ last, pieces }) => ({ last, pieces: pieces.map(({ text, speaker }) => (speaker ? { text, speaker } : { text })) });

/** What people corrected, and its version. @param {string} taskId */
export async function corrections(taskId) {
  const answer = await request(`${taskPath(taskId)}/corrections`);
  const { texts, speakers, regrouped = {} } = await answer.json();
  const runs = Object.fromEntries(Object.entries(regrouped).map(([first, run]) => [first, runOf(run)]));
  return { texts, speakers, regrouped: runs, version: answer.headers.get("ETag") ?? "" };
}

/**
 * @param {string} taskId
 * @param {import("../transcript/rows.js").Corrections} changed
 * @param {string} version that it was made to
 * @returns {Promise<string>} its own. Raises Problem, with status 412 where another version is there
 */
export async function saveCorrections(taskId, changed, version) {
  const headers = { "Content-Type": "application/json", "If-Match": version };
  const answer = await request(`${taskPath(taskId)}/corrections`, { method: "PUT", headers, body: JSON.stringify(changed) });
  return answer.headers.get("ETag") ?? "";
}

/** Title and tags. @param {string} taskId @param {{title?: string, tags?: string[]}} change @returns {Promise<{title: string, tags: string[]}>} as they are then */
export const saveDetails = (taskId, change) =>
  json(`${taskPath(taskId)}/details`, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(change) });

/** Archived transcripts that fit, newest first. @param {URLSearchParams} asked @param {AbortSignal} [signal] */
export const searchLibrary = (asked, signal) => json(`/search?${asked}`, { signal });

/** The recording, where the service keeps it and it is not too large. @param {string} taskId @param {number} largest in bytes */
export async function taskRecording(taskId, largest) {
  const control = new AbortController();
  const answer = await request(`${taskPath(taskId)}/audio`, { signal: control.signal });
  if (Number(answer.headers.get("Content-Length")) <= largest) return answer.blob();
  control.abort();
  return null;
}

/** Many transcripts as a ZIP file, as they are corrected. @param {string[]} taskIds @param {string} format */
export async function exported(taskIds, format) {
  const body = JSON.stringify({ task_ids: taskIds, formats: [format], corrected: true });
  return (await request("/export", { method: "POST", headers: { "Content-Type": "application/json" }, body })).blob();
}

const sharesPath = (taskId) => `${taskPath(taskId)}/shares`;

/** Links to a transcript that are valid, the newest first. @param {string} taskId */
export const shares = async (taskId) => (await json(sharesPath(taskId))).shares ?? [];

/** @param {string} taskId @param {number | null} seconds after which it ends @returns {Promise<{address: string}>} told this once */
export const createShare = (taskId, seconds) =>
  json(sharesPath(taskId), { method: "POST", body: JSON.stringify({ expires_in_seconds: seconds }) });

/** @param {string} taskId @param {string} shareId */
export const revokeShare = (taskId, shareId) => request(`${sharesPath(taskId)}/${encodeURIComponent(shareId)}`, { method: "DELETE" });

const sharedPath = (token) => `/shared/${encodeURIComponent(token)}`;

/** @param {string} token */
export const sharedTranscript = (token) => json(`${sharedPath(token)}/result`, { keyless: true });

/** @param {string} token @param {string} format */
export const sharedFile = async (token, format) =>
  (await request(`${sharedPath(token)}/transcript?format=${format}`, { keyless: true })).blob();

/** @param {string} token */
export const sharedAudio = (token) => `${sharedPath(token)}/audio`;

export const deleteTask = (taskId) => request(taskPath(taskId), { method: "DELETE" });
export const retryTask = (taskId) => request(`${taskPath(taskId)}/retry`, { method: "POST" });

/** Tasks that the service knows, newest first. @param {string | null} cursor */
export const listTasks = (cursor) =>
  json(`/transcribe/?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);

/** Those with weights first; other names of a model are no choices. @returns {Promise<any[]>} */
export const models = async () => ((await json("/v1/models")).data ?? []).filter(({ id, root }) => typeof id === "string" && id === root);

/** Archived transcripts of the same recording, newest first. @param {string} taskId @returns {Promise<any[]>} */
export const versions = async (taskId) => (await json(`${taskPath(taskId)}/versions`)).versions ?? [];

/** Also what a service answers that takes no tasks now (503). @returns {Promise<any>} */
export async function readiness() {
  try {
    return await (await fetch("/health/ready")).json();
  } catch {
    return { status: "offline", workers: 0, queue_length: 0 };
  }
}

export const overview = (signal) => json("/operator/overview", { signal });
export const deadLetters = async (signal) => (await json("/operator/dead", { signal })).letters ?? [];
export const requeueLetter = (reference) => request(`${letterPath(reference)}/requeue`, { method: "POST" });
export const dropLetter = (reference) => request(letterPath(reference), { method: "DELETE" });
