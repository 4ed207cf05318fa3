/** Search and replace, undo, what is shown of the transcript. */

import { t } from "../i18n/texts.js";
import { Component, createRef, html } from "../ui.js";
import { Icon } from "./icons.js";

/**
 * The search, which stays in sight. Props: `field`, a reference to its input, `readOnly`, `wanted`, `hits`, `at`, which of them is shown, and
 * what to do: `onWanted(text)`, `onMove(step)`, `onReplace(text)`.
 */
export class FindBar extends Component {
  state = { open: false };
  by = createRef();

  render({ field, readOnly, wanted, hits, at, onWanted, onMove }, { open }) {
    const searched = (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      onMove(event.shiftKey ? -1 : 1);
    };
    const told = !wanted.trim() ? "" : hits.length ? t("search_found", { at: at + 1, count: hits.length }) : t("search_none");
    return html`<div class="find">
      <div class="search" role="search">
        <input ref=${field} type="search" aria-label=${t("search")} placeholder=${t("search")} value=${wanted}
          onInput=${(event) => onWanted(event.currentTarget.value)} onKeyDown=${searched} />
        <${Tool} name="up" label=${t("search_previous")} disabled=${!hits.length} onClick=${() => onMove(-1)} />
        <${Tool} name="down" label=${t("search_next")} disabled=${!hits.length} onClick=${() => onMove(1)} />
        ${!readOnly && html`<button type="button" class="button button-small" aria-expanded=${String(open)} onClick=${() => this.turn(!open)}>${t("replace")}</button>`}
        <span class="told" role="status">${told}</span>
      </div>
      ${open && html`<form class="search" onSubmit=${(event) => this.replace(event)} onKeyDown=${(event) => event.key === "Escape" && this.turn(false)}>
        <input ref=${this.by} type="text" aria-label=${t("replace_by")} placeholder=${t("replace_by")} dir="auto" autocomplete="off" />
        <button type="submit" class="button button-small" disabled=${!hits.length}>${t("replace_all", { count: hits.length })}</button>
      </form>`}
    </div>`;
  }

  turn(open) {
    this.setState({ open }, () => (open ? this.by : this.props.field).current?.focus());
  }

  replace(event) {
    event.preventDefault();
    this.props.onReplace(this.by.current.value);
  }
}

/** Props: `edits`, `readOnly`, `doubts`, `follow`, `doubtCount`, and what to do. */
export function Toolbar(props) {
  const { edits, readOnly, doubts, follow, doubtCount } = props;
  const { undo, redo } = edits.value;
  return html`<div class="tools">
    ${!readOnly && html`<${Tool} name="undo" label=${t("undo")} disabled=${!undo.length} onClick=${props.onUndo} />
    <${Tool} name="redo" label=${t("redo")} disabled=${!redo.length} onClick=${props.onRedo} />`}
    ${doubtCount > 0 && html`<button type="button" class="button button-small" onClick=${props.onNextDoubt}>${t("doubts_next", { count: doubtCount })}</button>`}
    ${doubtCount > 0 && html`<${Switch} label=${t("doubts_show")} on=${doubts} onChange=${props.onDoubts} />`}
    <${Switch} label=${t("follow")} on=${follow} onChange=${props.onFollow} />
    <button type="button" class="button button-small tools-keys" aria-haspopup="dialog" onClick=${props.onHelp}>${t("shortcuts")}</button>
  </div>`;
}

const Tool = ({ name, label, disabled, onClick }) =>
  html`<button type="button" class="button button-round button-small" aria-label=${label} title=${label} disabled=${disabled}
    onClick=${onClick}><${Icon} name=${name} /></button>`;

const Switch = ({ label, on, onChange }) =>
  html`<label class="check"><input type="checkbox" checked=${on} onChange=${(event) => onChange(event.currentTarget.checked)} /> ${label}</label>`;
