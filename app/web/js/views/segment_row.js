/**
 * A segment: when it is said, what is said; one Tab stop, from which arrows lead to all of it. Far from what is seen it is a time and one
 * text: of 5,000 segments, words and buttons are nine tenths of all nodes.
 */

import { clock } from "../core/times.js";
import { language, t } from "../i18n/texts.js";
import { Component, createRef, html } from "../ui.js";
import { Icon } from "./icons.js";
import { SegmentEditor } from "./segment_editor.js";
import { colourOf } from "./speakers.js";

const named = (speakers) => speakers.map(({ id, name }) => `${id} ${name}`).join("\n");
const COMPARED = ["row", "selection", "found", "speaker", "isFirst", "isLast"];

/**
 * Props: `row`, `selection` while it is edited, `found`, `speaker` (an id), `speakers`, `readOnly`, `isFirst`, `isLast`, `isNear` from the
 * beginning; `act`, what is done with a row: that of the editor, and `play(row)`, `go(seconds)`, `open(row)`, `speak(row, id)`,
 * `whenNear(element, draw)`, and `drawn(row)`, once its words are.
 */
export class SegmentRow extends Component {
  item = createRef();

  constructor(props) {
    super(props);
    this.state = { isNear: props.isNear };
  }

  componentDidMount() {
    if (!this.state.isNear) this.props.act.whenNear(this.item.current, () => this.setState({ isNear: true }));
  }

  shouldComponentUpdate(props, { isNear }) {
    return (
      isNear !== this.state.isNear || COMPARED.some((name) => props[name] !== this.props[name]) ||
      named(props.speakers) !== named(this.props.speakers) || this.drawnIn !== language.value
    );
  }

  componentDidUpdate(_, { isNear }) {
    if (isNear !== this.state.isNear) this.props.act.drawn(this.props.row);
  }

  render({ row, selection, found, readOnly, isFirst, isLast, act }, { isNear }) {
    this.drawnIn = language.value;
    const time = clock(row.start);
    return html`<li ref=${this.item} class=${found ? "segment segment-found" : "segment"}>
      <button type="button" class="segment-time" aria-label=${t("play_from", { time })} onClick=${() => act.play(this.props.row)}>${time}</button>
      ${selection
        ? html`<${SegmentEditor} row=${row} selection=${selection} isFirst=${isFirst} isLast=${isLast} act=${act} />`
        : html`<div>${this.speaker(time)}<p class="segment-text" dir="auto" onClick=${(event) => this.clicked(event)}>${!this.props.speaker &&
          row.label && html`<span class="segment-label">${row.label}</span> `}${isNear ? words(row) : row.text}</p></div>`}
      ${!readOnly && isNear && html`<button type="button" class="segment-edit" tabindex="-1" aria-label=${t("edit_at", { time })} title=${t("edit")}
        disabled=${Boolean(selection)} onClick=${() => act.open(this.props.row)}><${Icon} name="edit" /></button>`}
    </li>`;
  }

  /** Who says it, to be changed where that may be. */
  speaker(time) {
    const { speaker, speakers, readOnly, act } = this.props;
    if (!speaker) return null;
    const found = speakers.find(({ id }) => id === speaker);
    if (readOnly || !this.state.isNear) return html`<p class=${`segment-speaker ${colourOf(found)}`}>${found?.name ?? speaker}</p>`;
    return html`<select class=${`segment-speaker ${colourOf(found)}`} tabindex="-1" aria-label=${t("speaker_at", { time })}
      value=${speaker} onChange=${(event) => act.speak(this.props.row, event.currentTarget.value)}>
      ${speakers.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === speaker}>${name}</option>`)}
    </select>`;
  }

  clicked(event) {
    if (!getSelection().isCollapsed) return; // somebody marks text
    const { row, act } = this.props;
    const word = event.target.closest("[data-word]");
    act.go(word ? row.words[Number(word.dataset.word)].start : row.start);
  }
}

/** @param {import("../transcript/rows.js").Row} row */
function words({ words, text, doubtful: isDoubtful }) {
  if (!words.length) return isDoubtful ? html`<span class="doubtful">${text}</span>` : text;
  return words.map(({ word, doubtful }, place) => {
    const space = place > 0 && /^\s/.test(word) ? " " : "";
    return html`${space}<span key=${place} data-word=${place} class=${doubtful ? "doubtful" : undefined}>${word.trim()}</span>`;
  });
}
