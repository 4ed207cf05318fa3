/** Requests to the service that this page came from. Raise Problem. */

import { askForKey, currentKey } from "./keys.js";
import { Problem, problemOf } from "./problem.js";

/** @param {string | null} key @returns {Record<string, string>} */
export const authorization = (key) => (key ? { Authorization: `Bearer ${key}` } : {});

/**
 * @param {string} path
 * @param {{method?: string, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<Response>} of success
 */
export async function request(path, { method = "GET", headers = {}, signal } = {}) {
  const key = currentKey();
  let response;
  try {
    response = await fetch(path, { method, signal, headers: { ...headers, ...authorization(key) } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({});
  }
  if (response.ok) return response;
  const problem = problemOf(response.status, await response.text(), response.headers.get("Retry-After"));
  if (problem.status !== 401) throw problem;
  await askForKey(key);
  return request(path, { method, headers, signal });
}

const json = async (path, options) => (await request(path, options)).json();
const taskPath = (taskId) => `/transcribe/${encodeURIComponent(taskId)}`;
const letterPath = (reference) => `/operator/dead/${encodeURIComponent(reference)}`;

/** @param {string} taskId @param {AbortSignal} [signal] */
export const taskState = (taskId, signal) => json(taskPath(taskId), { signal });

/** @param {string} taskId @param {string} format */
export const transcriptFile = async (taskId, format) =>
  (await request(`${taskPath(taskId)}?format=${format}`)).blob();

export const deleteTask = (taskId) => request(taskPath(taskId), { method: "DELETE" });
export const retryTask = (taskId) => request(`${taskPath(taskId)}/retry`, { method: "POST" });

/** Tasks that the service knows, newest first. @param {string | null} cursor */
export const listTasks = (cursor) =>
  json(`/transcribe/?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);

/** @returns {Promise<string[]>} those with weights first */
export const models = async () => ((await json("/v1/models")).data ?? []).map((each) => String(each.id));

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
