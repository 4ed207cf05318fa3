/** What views are written with: preact, and htm for their markup. Text always becomes text nodes. */

import htm from "../vendor/htm.mjs";
import { Component, Fragment, createRef, h, render } from "../vendor/preact.mjs";

export { Component, Fragment, createRef, render };

export const html = htm.bind(h);

/** A view that is drawn again when one of the observables that `watched()` names changes. */
export class Watcher extends Component {
  /** @returns {import("./core/observable.js").Observable<any>[]} */
  watched() {
    return [];
  }

  componentDidMount() {
    this.stops = this.watched().map((each) => each.listen(() => this.setState({})));
  }

  componentWillUnmount() {
    for (const stop of this.stops ?? []) stop();
  }
}

let count = 0;

/** An id that no other element has. @param {string} name */
export function uniqueId(name) {
  count += 1;
  return `${name}-${count}`;
}
