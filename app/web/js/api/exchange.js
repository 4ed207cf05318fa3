/** A request by XMLHttpRequest, since fetch does not tell how much of a body has gone. */

import { authorization } from "./client.js";
import { askForKey, currentKey } from "./keys.js";
import { Problem, problemOf } from "./problem.js";

/**
 * @typedef {object} Exchange
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} [headers]
 * @property {Blob | FormData | null} [body]
 * @property {(part: number) => void} [onSent] from 0 to 1
 * @property {AbortSignal} [signal]
 */

/** @param {Exchange} wanted @returns {Promise<XMLHttpRequest>} of success. Raises Problem. */
export async function exchange(wanted) {
  const key = currentKey();
  try {
    return await once(wanted, key);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    await askForKey(key);
    return once(wanted, currentKey());
  }
}

/** @param {Exchange} wanted @param {string | null} key */
function once({ method, path, headers = {}, body = null, onSent, signal }, key) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, path);
    for (const [name, value] of Object.entries({ ...headers, ...authorization(key) })) xhr.setRequestHeader(name, value);
    if (onSent) xhr.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) resolve(xhr);
      else reject(problemOf(xhr.status, xhr.responseText, xhr.getResponseHeader("Retry-After")));
    };
    xhr.onerror = () => reject(new Problem({}));
    xhr.onabort = () => reject(signal?.reason);
    signal?.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(body);
  });
}
