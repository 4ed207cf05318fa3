/** Search, undo, what is shown of the transcript. */

import { t } from "../i18n/texts.js";
import { html } from "../ui.js";
import { Icon } from "./icons.js";

export function Toolbar(props) {
  const { edits, readOnly, wanted, hits, at, doubts, follow, doubtCount } = props;
  const { undo, redo } = edits.value;
  const searched = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    props.onMove(event.shiftKey ? -1 : 1);
  };
  const told = !wanted.trim() ? "" : hits.length ? t("search_found", { at: at + 1, count: hits.length }) : t("search_none");
  return html`<div class="toolbar">
    <div class="search" role="search">
      <input type="search" aria-label=${t("search")} placeholder=${t("search")} value=${wanted}
        onInput=${(event) => props.onWanted(event.currentTarget.value)} onKeyDown=${searched} />
      <${Tool} name="up" label=${t("search_previous")} disabled=${!hits.length} onClick=${() => props.onMove(-1)} />
      <${Tool} name="down" label=${t("search_next")} disabled=${!hits.length} onClick=${() => props.onMove(1)} />
      <span class="told" role="status">${told}</span>
    </div>
    <div class="tools">
      ${!readOnly && html`<${Tool} name="undo" label=${t("undo")} disabled=${!undo.length} onClick=${props.onUndo} />
      <${Tool} name="redo" label=${t("redo")} disabled=${!redo.length} onClick=${props.onRedo} />`}
      ${doubtCount > 0 && html`<button type="button" class="button button-small" onClick=${props.onNextDoubt}>${t("doubts_next", { count: doubtCount })}</button>`}
      ${doubtCount > 0 && html`<${Switch} label=${t("doubts_show")} on=${doubts} onChange=${props.onDoubts} />`}
      <${Switch} label=${t("follow")} on=${follow} onChange=${props.onFollow} />
    </div>
  </div>`;
}

const Tool = ({ name, label, disabled, onClick }) =>
  html`<button type="button" class="button button-round button-small" aria-label=${label} title=${label} disabled=${disabled}
    onClick=${onClick}><${Icon} name=${name} /></button>`;

const Switch = ({ label, on, onChange }) =>
  html`<label class="check"><input type="checkbox" checked=${on} onChange=${(event) => onChange(event.currentTarget.checked)} /> ${label}</label>`;
