/** Who speaks: names to be changed, and speakers to be taken for one. */

import { clock } from "../core/times.js";
import { t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";

export const COLOURS = 8;

export const colourOf = (speaker) => (speaker ? `speaker speaker-${speaker.place % COLOURS}` : "speaker");

/** Props: `speakers`, and what to do: `onRename(id, name)`, `onMerge(id, into)`. */
export function Speakers({ speakers, onRename, onMerge }) {
  return html`<section class="speakers" aria-labelledby="speakers-title">
    <h2 id="speakers-title">${t("speakers")}</h2>
    <ul>${speakers.map((speaker) => html`<${Row} key=${speaker.id} speaker=${speaker} speakers=${speakers} onRename=${onRename} onMerge=${onMerge} />`)}</ul>
  </section>`;
}

class Row extends Component {
  state = { typed: null };

  /** Kept apart until it is given: corrections that are saved meanwhile draw the row again. */
  typed = (event) => this.setState({ typed: event.currentTarget.value });

  given = () => {
    const { speaker, onRename } = this.props;
    onRename(speaker.id, (this.state.typed ?? speaker.name).replace(/\s+/g, " ").trim());
    this.setState({ typed: null });
  };

  /** Who takes back what he typed gives nothing: browsers then tell no change. */
  left = () => this.setState({ typed: null });

  render({ speaker, speakers, onMerge }, { typed }) {
    const { id, name, seconds } = speaker;
    const others = speakers.filter((each) => each.id !== id);
    return html`<li class=${colourOf(speaker)}>
      <span class="speaker-dot" aria-hidden="true"></span>
      <input type="text" maxlength="100" value=${typed ?? name} aria-label=${t("speaker_name", { name })} onInput=${this.typed} onChange=${this.given} onBlur=${this.left} />
      <span class="quiet">${clock(seconds)}</span>
      ${others.length > 0 &&
      html`<select aria-label=${t("speaker_merge", { name })} onChange=${(event) => event.currentTarget.value && onMerge(id, event.currentTarget.value)}>
        <option value="" selected>${t("speaker_is")}</option>
        ${others.map((each) => html`<option key=${each.id} value=${each.id}>${each.name}</option>`)}
      </select>`}
    </li>`;
  }
}
