/** The API key: asked for when the service wants one, kept for the session or, if wished, for longer. */

import { Observable } from "../core/observable.js";
import { read, write } from "../core/storage.js";
import { Problem } from "./problem.js";

/** `asked`: a request waits for a key; `refused`: the last one was not known; `declined`: nobody wants to enter one. */
export const keyState = new Observable({ asked: false, refused: false, declined: false });

const session = () => sessionStorage;

/** @returns {string | null} */
export const currentKey = () => read("key", null, session) ?? read("key", null);

/** @type {{promise: Promise<void>, resolve: () => void, reject: (reason: Error) => void} | null} */
let waiting = null;

/** Resolves when somebody has entered a key; `used` is the one that was just refused. @param {string | null} used */
export function askForKey(used) {
  if (used !== currentKey()) return Promise.resolve(); // another request has got a new one meanwhile
  if (keyState.value.declined) return Promise.reject(needed());
  keyState.value = { asked: true, refused: used !== null, declined: false };
  waiting ??= Promise.withResolvers();
  return waiting.promise;
}

/** @param {string | null} key null forgets it @param {boolean} lasting keep it when the browser is closed */
export function giveKey(key, lasting) {
  write("key", key, session);
  write("key", lasting ? key : null);
  keyState.value = { asked: false, refused: false, declined: false };
  waiting?.resolve();
  waiting = null;
}

/** Somebody has closed the question; what waits for it fails. */
export function declineKey() {
  keyState.value = { asked: false, refused: false, declined: true };
  waiting?.reject(needed());
  waiting = null;
}

/** Everything begins anew, and the service asks again. */
export const askAgain = () => location.reload();

const needed = () => new Problem({ status: 401, code: "unauthorized" });
