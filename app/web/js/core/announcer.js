/** What a screen reader is told although nothing there has the focus. */

import { Observable } from "./observable.js";

/** @type {Observable<{text: string, urgent: boolean}>} */
export const announcement = new Observable({ text: "", urgent: false });

/** @param {string} text @param {{urgent?: boolean}} [how] */
export function announce(text, { urgent = false } = {}) {
  announcement.value = { text, urgent };
}
