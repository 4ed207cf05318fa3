/** The text, segment by segment; what is said now is lit without drawing anything again. */

import { finalId } from "../transcript/speakers.js";
import { indexAt } from "../transcript/transcript.js";
import { mark } from "../transcript/search.js";
import { joined, joinedText, split, spokenBy, written } from "../transcript/regrouping.js";
import { spansOf } from "../transcript/doubts.js";
import { Component, createRef, html } from "../ui.js";
import { moveBetween } from "./segment_keys.js";
import { SegmentRow } from "./segment_row.js";

/** Rows whose words are there at once; those of the others are when they come near. */
const NEAR_AT_FIRST = 40;

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Props: `handle`, where others find this, `transcript`, `rows`, `made`, which makes rows, `edits`, `playback`, `hits`, `current`,
 * `doubts`, `follow`, `language`, `speakers`, `readOnly`.
 */
export class TranscriptText extends Component {
  list = createRef();
  /** @type {{editing: {key: string, selection: [number, number]} | null}} */
  state = { editing: null };
  place = -1;
  /** @type {Element | null} */
  word = null;
  /** @type {string | null} the row that gets the focus once it is drawn */
  arriving = null;

  /** What is done with rows; the same object all the time, so that rows are drawn only when they have changed. */
  act = {
    play: (row) => this.props.playback.seek(row.start, { play: true }),
    go: (time) => this.props.playback.seek(time),
    open: (row) => this.open(row, this.doubtLit(row) ?? [row.text.length, row.text.length]),
    speak: (row, id) => this.props.edits.apply(spokenBy(row, id, this.segments)),
    close: (row) => this.close(row),
    leave: (row, text) => this.leave(row, text),
    save: (row, text) => this.save(row, text),
    next: (row, text) => this.next(row, text),
    split: (row, before, after) => this.split(row, before, after),
    join: (row, text, step) => this.join(row, text, step),
    whenNear: (element, draw) => this.near.set(element, draw) && this.nearness.observe(element),
    drawn: (row) => row === this.props.rows[this.place] && this.light(this.props.playback.time.value, false),
  };

  /** @type {Map<Element, () => void>} */
  near = new Map();
  nearness = new IntersectionObserver((seen) => this.came(seen), { rootMargin: "100% 0px" });

  componentDidMount() {
    this.props.handle.current = this; // preact takes `ref` to mean elements only
    this.stop = this.props.playback.time.listen((time) => this.light(time));
    this.mark();
  }

  componentDidUpdate() {
    this.mark();
    this.place = -1; // rows may be new
    this.light(this.props.playback.time.value, false);
    if (this.arriving !== null) this.focus(this.placeOf(this.arriving));
    this.arriving = null;
  }

  componentWillUnmount() {
    this.stop();
    this.nearness.disconnect();
    mark(() => null, [], 0);
  }

  render({ rows, edits, doubts, hits, language, speakers, readOnly }, { editing }) {
    const found = new Set(hits.map((hit) => hit.index));
    const kinds = ["segments", doubts && "segments-doubts", rows.at(-1)?.start >= 3600 && "segments-hours"];
    return html`<ol ref=${this.list} class=${kinds.filter(Boolean).join(" ")} lang=${language || undefined}
      onKeyDown=${(event) => moveBetween(event)}>
      ${rows.map(
        (row, place) => html`<${SegmentRow} key=${row.key} row=${row} selection=${editing?.key === row.key ? editing.selection : null}
          speakers=${speakers} speaker=${finalId(edits.value.speakers, row.speaker)} readOnly=${readOnly} found=${found.has(place)}
          isNear=${place < NEAR_AT_FIRST} isFirst=${place === 0} isLast=${place === rows.length - 1} act=${this.act} />`,
      )}
    </ol>`;
  }

  /** @param {IntersectionObserverEntry[]} seen */
  came(seen) {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      this.nearness.unobserve(target);
      this.near.get(target)?.();
      this.near.delete(target);
    }
  }

  get segments() {
    return this.props.transcript.segments;
  }

  /** The rows as they are now, before they are drawn. */
  get rows() {
    return this.props.made.of(this.props.edits.value);
  }

  /** @param {string} key of a row; -1: it is no more */
  placeOf(key) {
    return this.rows.findIndex((row) => row.key === key);
  }

  /** @param {import("../transcript/rows.js").Row | undefined} row @param {[number, number]} selection letters */
  open(row, selection) {
    if (row) this.setState({ editing: { key: row.key, selection } });
  }

  close({ key }) {
    this.arriving = key;
    this.setState({ editing: null });
  }

  /** Somebody has gone elsewhere, perhaps to another segment. */
  leave(row, text) {
    this.write(row, text);
    if (this.state.editing?.key === row.key) this.setState({ editing: null });
  }

  save(row, text) {
    this.write(row, text);
    this.close(row);
  }

  write(row, text) {
    this.props.edits.apply(written(row, text, this.segments));
  }

  /** Keeps the text and opens the row that follows; after the last one there is none to open. */
  next(row, text) {
    this.write(row, text);
    const after = row.run && !text ? 0 : 1; // a piece without text is no more
    const following = this.rows[this.rows.findIndex(({ first, piece }) => first === row.first && piece === row.piece) + after];
    if (following) this.open(following, [0, 0]);
    else this.close(row);
  }

  split(row, before, after) {
    this.props.edits.apply(split(row, before, after, this.segments));
    this.open(this.rows.find(({ first, piece }) => first === row.first && piece === row.piece + 1), [0, 0]);
  }

  join(row, text, step) {
    const place = this.placeOf(row.key);
    const mine = { ...row, text };
    const [one, other] = step < 0 ? [this.rows[place - 1], mine] : [mine, this.rows[place + 1]];
    this.props.edits.apply(joined(one, other, this.segments));
    const caret = joinedText(one.text, other.text).length - other.text.length;
    this.open(this.rows[Math.min(place, place + step)] ?? this.rows.at(-1), [caret, caret]);
  }

  /** Where the caret of the row that is edited is; null: none is. @returns {{place: number, letter: number} | null} */
  get caret() {
    const { editing } = this.state;
    const area = editing && this.list.current.querySelector(".segment-area");
    return area ? { place: this.placeOf(editing.key), letter: area.selectionEnd } : null;
  }

  row(place) {
    return this.list.current?.children[place] ?? null;
  }

  mark() {
    mark((place) => this.row(place)?.querySelector(".segment-text") ?? null, this.props.hits, this.props.current);
  }

  /** @param {number} time @param {boolean} [moves] whether the page may scroll there */
  light(time, moves = true) {
    const { rows, playback, follow } = this.props;
    const place = time > 0 || playback.playing.value ? indexAt(rows, time) : -1;
    if (place !== this.place) {
      for (const lit of this.list.current.querySelectorAll(".segment[aria-current]")) lit.removeAttribute("aria-current");
      this.place = place;
      this.row(place)?.setAttribute("aria-current", "true");
      if (moves && follow && playback.playing.value && !this.state.editing) this.reveal(place);
    }
    const words = rows[place]?.words ?? [];
    const word = this.row(place)?.querySelector(`[data-word="${indexAt(words, time)}"]`) ?? null;
    if (word === this.word) return;
    this.word?.classList.remove("lit");
    word?.classList.add("lit");
    this.word = word;
  }

  /** The letters of the word that is lit, if it is a doubtful one of this row. @returns {[number, number] | null} */
  doubtLit(row) {
    const at = this.word?.isConnected && this.props.rows[this.place] === row ? Number(this.word.dataset.word) : -1;
    const span = row.words[at]?.doubtful && spansOf(row)[at];
    return span ? [span.from, span.to] : null;
  }

  reveal(place) {
    this.row(place)?.scrollIntoView({ block: "nearest", behavior: still() ? "auto" : "smooth" });
  }

  /** Shows what is said now, which somebody has scrolled away from. */
  revealLit() {
    this.reveal(this.place);
  }

  /** Puts a row where it was seen: the bar above it may still grow, so what it hides now does not matter. @param {number} top pixels of the window */
  show(place, top) {
    const row = this.row(place);
    row?.scrollIntoView({ block: "start" });
    if (row) scrollBy({ top: row.getBoundingClientRect().top - top, behavior: "instant" });
  }

  /** Opens the row of an element. @param {Element | null} element */
  edit(element) {
    const row = this.props.rows[Array.prototype.indexOf.call(this.list.current.children, element)];
    if (row) this.act.open(row);
  }

  /** Whether a step may be undone here: a field where somebody has typed has steps of its own. @param {Element} target */
  mayStep(target) {
    if (!target.closest?.("input:not([type=checkbox]), textarea, select, dialog")) return true;
    if (!target.matches(".segment-area") || target.value !== target.defaultValue) return false;
    this.setState({ editing: null });
    return true;
  }

  focus(place) {
    this.row(place)?.querySelector(".segment-time").focus({ preventScroll: true });
  }

  /** Shows the segment of a time to eyes, keys and screen readers: who came for it is there. */
  lead(time) {
    const place = Math.max(0, indexAt(this.props.rows, time));
    this.row(place)?.scrollIntoView({ block: "center" });
    this.focus(place);
  }
}
