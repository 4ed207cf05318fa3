/** The text, segment by segment; what is said now is lit without drawing anything again. */

import { indexAt } from "../transcript/transcript.js";
import { mark } from "../transcript/search.js";
import { speakerOf } from "../transcript/speakers.js";
import { Component, createRef, html } from "../ui.js";
import { SegmentRow } from "./segment_row.js";

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Props: `handle`, where others find this, `transcript`, `edits`, `playback`, `hits`, `current`, `doubts`, `follow`, `language`, `speakers`, `onSpeaker`, `readOnly`. */
export class TranscriptText extends Component {
  list = createRef();
  state = { editing: -1 };
  segment = -1;
  /** @type {Element | null} */
  word = null;

  componentDidMount() {
    this.props.handle.current = this; // preact takes `ref` to mean elements only
    this.stop = this.props.playback.time.listen((time) => this.light(time));
    this.mark();
  }

  componentDidUpdate() {
    this.mark();
    this.segment = -1; // rows may be new
    this.light(this.props.playback.time.value, false);
  }

  componentWillUnmount() {
    this.stop();
    mark(() => null, [], 0);
  }

  render({ transcript, edits, playback, doubts, hits, language, speakers, onSpeaker, readOnly }, { editing }) {
    const found = new Set(hits.map((hit) => hit.index));
    return html`<ol ref=${this.list} class=${doubts ? "segments segments-doubts" : "segments"} lang=${language || undefined}>
      ${transcript.segments.map(
        (segment, index) => html`<${SegmentRow} key=${index} index=${index} segment=${segment} text=${edits.textOf(index, segment.text)}
          speakers=${speakers} speaker=${speakerOf(edits.value.speakers, index, segment.speaker)} onSpeaker=${(id) => onSpeaker(index, id)}
          readOnly=${readOnly} editing=${editing === index} found=${found.has(index)} onSeek=${(time) => playback.seek(time, { play: true })}
          onPlace=${(time) => playback.seek(time)} onEdit=${(open) => this.setState({ editing: open ? index : -1 })}
          onChange=${(text) => edits.change(index, text, segment.text)} />`,
      )}
    </ol>`;
  }

  row(index) {
    return this.list.current?.children[index] ?? null;
  }

  mark() {
    mark((index) => this.row(index)?.querySelector(".segment-text") ?? null, this.props.hits, this.props.current);
  }

  /** @param {number} time @param {boolean} [moves] whether the page may scroll there */
  light(time, moves = true) {
    const { segments } = this.props.transcript;
    const index = time > 0 || this.props.playback.playing.value ? indexAt(segments, time) : -1;
    if (index !== this.segment) {
      for (const lit of this.list.current.querySelectorAll(".segment[aria-current]")) lit.removeAttribute("aria-current");
      this.segment = index;
      this.row(index)?.setAttribute("aria-current", "true");
      if (moves && this.props.follow && this.props.playback.playing.value) this.reveal(index);
    }
    const words = segments[index]?.words ?? [];
    const word = this.row(index)?.querySelector(`[data-word="${indexAt(words, time)}"]`) ?? null;
    if (word === this.word) return;
    this.word?.classList.remove("lit");
    word?.classList.add("lit");
    this.word = word;
  }

  reveal(index) {
    this.row(index)?.scrollIntoView({ block: "nearest", behavior: still() ? "auto" : "smooth" });
  }

  /** Shows the segment of a time to eyes, keys and screen readers: who came for it is there. */
  lead(time) {
    const row = this.row(Math.max(0, indexAt(this.props.transcript.segments, time)));
    row?.scrollIntoView({ block: "center" });
    row?.querySelector(".segment-time")?.focus({ preventScroll: true });
  }

  revealTime(time) {
    this.reveal(indexAt(this.props.transcript.segments, time));
  }
}
