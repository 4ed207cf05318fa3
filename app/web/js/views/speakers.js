/** Who speaks: names to be changed, and speakers to be taken for one. */

import { clock } from "../core/times.js";
import { t } from "../i18n/texts.js";
import { html } from "../ui.js";

export const COLOURS = 8;

export const colourOf = (speaker) => (speaker ? `speaker speaker-${speaker.place % COLOURS}` : "speaker");

/** Props: `speakers`, and what to do: `onRename(id, name)`, `onMerge(id, into)`. */
export function Speakers({ speakers, onRename, onMerge }) {
  return html`<section class="speakers" aria-labelledby="speakers-title">
    <h2 id="speakers-title">${t("speakers")}</h2>
    <ul>${speakers.map((speaker) => html`<${Row} key=${speaker.id} speaker=${speaker} speakers=${speakers} onRename=${onRename} onMerge=${onMerge} />`)}</ul>
  </section>`;
}

function Row({ speaker, speakers, onRename, onMerge }) {
  const { id, name, seconds } = speaker;
  const others = speakers.filter((each) => each.id !== id);
  const given = (event) => onRename(id, event.currentTarget.value.replace(/\s+/g, " ").trim());
  return html`<li class=${colourOf(speaker)}>
    <span class="speaker-dot" aria-hidden="true"></span>
    <input type="text" maxlength="100" value=${name} aria-label=${t("speaker_name", { name })} onChange=${given} />
    <span class="quiet">${clock(seconds)}</span>
    ${others.length > 0 &&
    html`<select aria-label=${t("speaker_merge", { name })} onChange=${(event) => event.currentTarget.value && onMerge(id, event.currentTarget.value)}>
      <option value="" selected>${t("speaker_is")}</option>
      ${others.map((each) => html`<option key=${each.id} value=${each.id}>${each.name}</option>`)}
    </select>`}
  </li>`;
}
