/** Keys of the transcript: by their place on the keyboard (`code`), so that they are the same in every layout. */

import { Observable } from "../core/observable.js";
import { read, write } from "../core/storage.js";

/** Whether a letter alone is a shortcut where nobody types; who dictates to the computer, or types by mistake, turns it off. */
export const singleKeys = new Observable(read("single_keys", true) !== false);
singleKeys.listen((on) => write("single_keys", on));

/** @typedef {"play" | "rewind" | "doubt" | "edit" | "follow" | "find" | "help"} Action */

/** @type {Record<string, Action>} */
const LETTERS = { KeyP: "play", KeyJ: "rewind", KeyD: "doubt", KeyE: "edit", KeyF: "follow" };
/** Those that work while somebody types, too, with Alt. Of these letters, Alt makes no other in any European layout. */
const WITH_ALT = ["play", "rewind", "doubt"];
const TYPED_INTO = "input:not([type=checkbox]), textarea, select, dialog";

/** For the list of shortcuts: what is pressed, and the name of the text that says what it does. */
export const LISTED = {
  anywhere: [["P", "play"], ["J", "rewind"], ["D", "doubt"]],
  reading: [["E", "edit"], ["F", "follow"], ["/", "find"], ["?", "help"], ["↑ ↓", "rows"], ["← →", "controls"]],
  editing: [["Enter", "next"], ["Ctrl+Enter", "save"], ["Shift+Enter", "split"], ["Backspace", "join_before"], ["Delete", "join_after"], ["Escape", "leave"]],
  steps: [["Ctrl+Z", "undo"], ["Ctrl+Shift+Z", "redo"]],
};

/** What a key asks for; null: it is somebody's typing, or nothing. @param {KeyboardEvent} event @returns {Action | null} */
export function actionOf(event) {
  const { altKey, code, ctrlKey, isComposing, key, metaKey, repeat, shiftKey, target } = event;
  if (isComposing || ctrlKey || metaKey || event.getModifierState("AltGraph")) return null;
  const letter = shiftKey ? undefined : LETTERS[code];
  if (repeat && letter !== "rewind") return null;
  if (target.closest?.("dialog")) return null;
  if (altKey) return WITH_ALT.includes(letter) ? letter : null;
  if (!singleKeys.value || target.closest?.(TYPED_INTO)) return null;
  if (key === "?" || (code === "Slash" && shiftKey)) return "help";
  if (key === "/" || code === "Slash") return "find";
  return letter ?? null;
}

/** @param {KeyboardEvent} event @returns {"undo" | "redo" | null} */
export function stepOf({ altKey, code, ctrlKey, metaKey, shiftKey }) {
  if (altKey || !(ctrlKey || metaKey)) return null;
  if (code === "KeyZ") return shiftKey ? "redo" : "undo";
  return code === "KeyY" && !shiftKey ? "redo" : null;
}
