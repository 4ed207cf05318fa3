/** Corrections of transcripts: kept in this browser, undone and done again across reloads. */

import { createStore, del, get, set } from "../../vendor/idb-keyval.mjs";
import { Observable } from "../core/observable.js";
import { isChanged, unchanged } from "../transcript/speakers.js";

const store = createStore("transcriber-edits", "edits");
const MOST_STEPS = 500;

/** @typedef {import("../transcript/speakers.js").Changes} Changes */
/**
 * @typedef {{index: number, before: string, after: string} | {speakers: {before: Changes, after: Changes}}} Step
 *   a segment of which the text has changed, or all that was changed of speakers
 */
/** @typedef {{texts: Record<number, string>, speakers: Changes, undo: Step[], redo: Step[]}} Corrections */

/** @returns {Corrections} */
const none = () => ({ texts: {}, speakers: unchanged(), undo: [], redo: [] });

/** The corrections of one transcript. @extends {Observable<Corrections>} */
export class Edits extends Observable {
  /** @param {string} key of the task @param {Corrections} corrections */
  constructor(key, corrections) {
    super(corrections);
    this._key = key;
  }

  /** @param {string} key */
  static async load(key) {
    const kept = await get(key, store).catch(() => undefined);
    return new Edits(key, { ...none(), ...kept });
  }

  get isEdited() {
    return Object.keys(this.value.texts).length > 0 || isChanged(this.value.speakers);
  }

  /** @param {number} index of a segment @param {string} original */
  textOf(index, original) {
    return this.value.texts[index] ?? original;
  }

  /** @param {number} index @param {string} after @param {string} original */
  change(index, after, original) {
    const before = this.textOf(index, original);
    if (after === before) return;
    const undo = [...this.value.undo, { index, before, after }].slice(-MOST_STEPS);
    this._become({ ...this.value, texts: this._with(index, after, original), undo, redo: [] });
  }

  /** @param {Changes} after */
  changeSpeakers(after) {
    const step = { speakers: { before: this.value.speakers, after } };
    this._become({ ...this.value, speakers: after, undo: [...this.value.undo, step].slice(-MOST_STEPS), redo: [] });
  }

  /** @param {(index: number) => string} originalOf @returns {number | null} the segment that has changed; -1: speakers have */
  undo(originalOf) {
    const step = this.value.undo.at(-1);
    if (!step) return null;
    this._become({ ...this._at(step, "before", originalOf), undo: this.value.undo.slice(0, -1), redo: [...this.value.redo, step] });
    return step.index ?? -1;
  }

  /** @param {(index: number) => string} originalOf @returns {number | null} */
  redo(originalOf) {
    const step = this.value.redo.at(-1);
    if (!step) return null;
    this._become({ ...this._at(step, "after", originalOf), undo: [...this.value.undo, step], redo: this.value.redo.slice(0, -1) });
    return step.index ?? -1;
  }

  /** @param {Step} step @param {"before" | "after"} side */
  _at(step, side, originalOf) {
    if (step.speakers) return { ...this.value, speakers: step.speakers[side] };
    return { ...this.value, texts: this._with(step.index, step[side], originalOf(step.index)) };
  }

  _with(index, text, original) {
    const texts = { ...this.value.texts, [index]: text };
    if (text === original) delete texts[index];
    return texts;
  }

  _become(corrections) {
    this.value = corrections;
    set(this._key, corrections, store).catch(() => undefined);
  }
}

/** @param {string} key */
export const forgetEdits = (key) => del(key, store).catch(() => undefined);
