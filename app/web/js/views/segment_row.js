/** A segment: when it is said, what is said, and a field to correct it. */

import { clock } from "../core/times.js";
import { language, t } from "../i18n/texts.js";
import { Component, createRef, html } from "../ui.js";
import { Icon } from "./icons.js";
import { colourOf } from "./speakers.js";

const named = (speakers) => speakers.map(({ id, name }) => `${id} ${name}`).join("\n");

/** Props: `index`, `segment`, `text`, `editing`, `found`, `speaker` (an id), `speakers`, `readOnly`, and what to do: `onSpeaker`, `onSeek`, `onPlace`, `onEdit`, `onChange`. */
export class SegmentRow extends Component {
  area = createRef();
  button = createRef();

  shouldComponentUpdate(props) {
    return (
      ["text", "editing", "found", "segment", "speaker"].some((name) => props[name] !== this.props[name]) ||
      named(props.speakers) !== named(this.props.speakers) || this.drawnIn !== language.value
    );
  }

  componentDidUpdate(before) {
    if (this.props.editing && !before.editing) {
      const area = this.area.current;
      area.focus();
      area.setSelectionRange(area.value.length, area.value.length);
    }
  }

  render({ index, segment, text, editing, found, readOnly, onSeek, onEdit }) {
    this.drawnIn = language.value;
    const time = clock(segment.start);
    return html`<li class=${found ? "segment segment-found" : "segment"}>
      <button type="button" class="segment-time" aria-label=${t("play_from", { time })} onClick=${() => onSeek(segment.start)}>${time}</button>
      ${editing
        ? html`<textarea ref=${this.area} class="segment-area" rows="2" dir="auto" aria-label=${t("text_at", { time })}
            defaultValue=${text} onKeyDown=${(event) => this.pressed(event)} onBlur=${() => this.finish(true)}></textarea>`
        : html`<div>${this.speaker(time)}<p class="segment-text" dir="auto" onClick=${(event) => this.clicked(event)}>${!this.props.speaker &&
          segment.label && html`<span class="segment-label">${segment.label}</span> `}${this.words(segment, text)}</p></div>`}
      ${!readOnly && html`<button ref=${this.button} type="button" class="segment-edit" aria-label=${t("edit_at", { time })} title=${t("edit")}
        disabled=${editing} data-index=${index} onClick=${() => onEdit(true)}><${Icon} name="edit" /></button>`}
    </li>`;
  }

  /** Who says it, to be changed where that may be. */
  speaker(time) {
    const { speaker, speakers, readOnly, onSpeaker } = this.props;
    if (!speaker) return null;
    const found = speakers.find(({ id }) => id === speaker);
    if (readOnly) return html`<p class=${`segment-speaker ${colourOf(found)}`}>${found?.name ?? speaker}</p>`;
    return html`<select class=${`segment-speaker ${colourOf(found)}`} aria-label=${t("speaker_at", { time })}
      value=${speaker} onChange=${(event) => onSpeaker(event.currentTarget.value)}>
      ${speakers.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === speaker}>${name}</option>`)}
    </select>`;
  }

  words(segment, text) {
    if (text !== segment.text || !segment.words.length) {
      return segment.doubtful && text === segment.text ? html`<span class="doubtful">${text}</span>` : text;
    }
    return segment.words.map(({ word, doubtful }, place) => {
      const space = place > 0 && /^\s/.test(word) ? " " : "";
      return html`${space}<span key=${place} data-word=${place} class=${doubtful ? "doubtful" : undefined}>${word.trim()}</span>`;
    });
  }

  clicked(event) {
    if (!getSelection().isCollapsed) return; // somebody marks text
    const { segment, onPlace } = this.props;
    const word = event.target.closest("[data-word]");
    onPlace(word ? segment.words[Number(word.dataset.word)].start : segment.start);
  }

  pressed(event) {
    if (event.key === "Escape") this.finish(false);
    else if (event.key === "Enter") this.finish(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  finish(keep) {
    if (!this.props.editing || this.finished) return;
    this.finished = true; // leaving the field comes here once more
    const text = this.area.current.value.replace(/\s+/g, " ").trim();
    if (keep) this.props.onChange(text);
    this.props.onEdit(false);
    const byKey = document.activeElement === this.area.current;
    setTimeout(() => {
      this.finished = false;
      if (byKey) this.button.current?.focus();
    });
  }
}
