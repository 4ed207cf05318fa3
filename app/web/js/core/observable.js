/**
 * A value that tells its listeners when it changes.
 * @template T
 */
export class Observable {
  /** @param {T} value */
  constructor(value) {
    this._value = value;
    /** @type {Set<(value: T) => void>} */
    this._listeners = new Set();
  }

  /** @returns {T} */
  get value() {
    return this._value;
  }

  set value(value) {
    if (Object.is(value, this._value)) return;
    this._value = value;
    for (const listener of [...this._listeners]) listener(value);
  }

  /** @param {(value: T) => void} listener @returns {() => void} ends it */
  listen(listener) {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }
}
