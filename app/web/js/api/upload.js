/** Sends a recording; XMLHttpRequest, since fetch does not tell how much has gone. */

import { authorization } from "./client.js";
import { askForKey, currentKey } from "./keys.js";
import { Problem, problemOf } from "./problem.js";

/**
 * @typedef {object} Upload
 * @property {Blob} content
 * @property {string} name
 * @property {Record<string, string>} fields options of the task
 * @property {string} idempotencyKey the same for each try of this recording
 * @property {(part: number) => void} onProgress from 0 to 1
 * @property {AbortSignal} signal
 */

/** @param {Upload} upload @returns {Promise<{task_id: string, status: string}>} Raises Problem. */
export async function upload(upload) {
  const key = currentKey();
  try {
    return await sent(upload, key);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    await askForKey(key);
    return sent(upload, currentKey());
  }
}

/** @param {Upload} upload @param {string | null} key */
function sent({ content, name, fields, idempotencyKey, onProgress, signal }, key) {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", content, name);
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", "/transcribe/");
    xhr.setRequestHeader("Idempotency-Key", idempotencyKey);
    for (const [header, value] of Object.entries(authorization(key))) xhr.setRequestHeader(header, value);
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    xhr.onload = () => {
      const problem = () => problemOf(xhr.status, xhr.responseText, xhr.getResponseHeader("Retry-After"));
      if (xhr.status !== 202) return reject(problem());
      try {
        resolve(JSON.parse(xhr.responseText));
      } catch {
        reject(problem());
      }
    };
    xhr.onerror = () => reject(new Problem({}));
    xhr.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(form);
  });
}
