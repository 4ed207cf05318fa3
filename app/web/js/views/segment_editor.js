/** The field in which a segment is corrected, split and joined. */

import { announce } from "../core/announcer.js";
import { clock } from "../core/times.js";
import { t } from "../i18n/texts.js";
import { Component, createRef, html } from "../ui.js";

const plain = (text) => text.replace(/\s+/g, " ").trim();

/**
 * Props: `row`, `selection` to begin with, `isFirst`, `isLast`; `act`, what is done with a row: `close(row)`, `leave(row, text)`,
 * `save(row, text)`, `next(row, text)`, `split(row, before, after)`, `join(row, text, step)`.
 */
export class SegmentEditor extends Component {
  frame = createRef();
  area = createRef();

  componentDidMount() {
    const area = this.area.current;
    const [from, to] = this.props.selection;
    area.focus({ preventScroll: true });
    area.setSelectionRange(Math.min(from, area.value.length), Math.min(to, area.value.length));
    area.scrollIntoView({ block: "nearest" });
    this.listening = new AbortController();
    const { signal } = this.listening;
    this.frame.current.addEventListener("focusout", (event) => this.left(event), { signal }); // preact has no name for it
    addEventListener("pointerdown", () => (this.pressing = true), { signal, capture: true });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => this.released(), { signal, capture: true });
  }

  componentWillUnmount() {
    this.listening.abort();
    this.end("leave");
  }

  render({ row, isFirst, isLast }) {
    const time = clock(row.start);
    const tools = [
      ["split", () => this.split()],
      ["join_before", () => this.join(-1), isFirst],
      ["join_after", () => this.join(1), isLast],
      ["next", () => this.end("next")],
    ];
    return html`<div ref=${this.frame} class="segment-editor">
      <textarea ref=${this.area} class="segment-area" rows="2" dir="auto" aria-label=${t("text_at", { time })} defaultValue=${row.text}
        onKeyDown=${(event) => this.pressed(event)}></textarea>
      <div class="segment-tools" role="group" aria-label=${t("segment_at", { time })}>
        ${tools.map(([name, action, disabled]) => html`<button key=${name} type="button" class="button button-small button-quiet" disabled=${disabled}
          onMouseDown=${(event) => event.preventDefault() /* the caret stays */} onClick=${action}>${t(`segment_${name}`)}</button>`)}
      </div>
    </div>`;
  }

  get text() {
    return this.area.current ? plain(this.area.current.value) : this.props.row.text;
  }

  pressed(event) {
    if (event.isComposing || !this.did(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @returns {boolean} whether the key was meant for this */
  did({ altKey, ctrlKey, key, metaKey, repeat, shiftKey }) {
    const { selectionStart, selectionEnd, value } = this.area.current;
    const isAt = (place) => !repeat && !ctrlKey && !metaKey && !altKey && !shiftKey && selectionStart === place && selectionEnd === place;
    if (key === "Escape") this.end("close");
    else if (key === "Enter" && shiftKey) this.split();
    else if (key === "Enter") this.end(ctrlKey || metaKey ? "save" : "next");
    else if (key === "Backspace" && isAt(0) && !this.props.isFirst) this.join(-1);
    else if (key === "Delete" && isAt(value.length) && !this.props.isLast) this.join(1);
    else return false;
    return true;
  }

  /** @param {"close" | "leave" | "save" | "next"} how */
  end(how) {
    if (this.ended) return;
    this.ended = true; // the field loses the focus as it goes
    this.props.act[how](this.props.row, this.text);
  }

  /** A field that closes while a button is pressed moves it away: it closes after that. */
  left({ relatedTarget }) {
    if (this.frame.current?.contains(relatedTarget)) return;
    if (this.pressing) this.leaving = true;
    else this.end("leave");
  }

  released() {
    this.pressing = false;
    if (this.leaving) setTimeout(() => this.end("leave"));
  }

  split() {
    const { value, selectionStart, selectionEnd } = this.area.current;
    const [before, after] = [plain(value.slice(0, selectionStart)), plain(value.slice(selectionEnd))];
    if (!before || !after) return announce(t("split_nowhere"), { urgent: true });
    this.ended = true;
    this.props.act.split(this.props.row, before, after);
  }

  /** @param {1 | -1} step to the segment after, or before */
  join(step) {
    this.ended = true;
    this.props.act.join(this.props.row, this.text, step);
  }
}
