/** The name of a transcript and its tags, and the form that changes them. */

import { announce } from "../core/announcer.js";
import { rename } from "../tasks/actions.js";
import { nameOf, withoutEnd } from "../tasks/history.js";
import { serviceState } from "../tasks/service.js";
import { explainThrown, t } from "../i18n/texts.js";
import { Watcher, createRef, html } from "../ui.js";
import { Icon } from "./icons.js";
import { Tags } from "./tags.js";

const LONGEST_TITLE = 200;

const titleOf = (entry) => entry.title ?? withoutEnd(nameOf(entry));
const tagsOf = (entry) => (entry.tags ?? []).join(", ");

/** What is not as the form has shown it: a tag that has a comma, which a program may give, stays one. @param {FormData} given */
function changed(entry, given) {
  const title = String(given.get("title"));
  const tags = String(given.get("tags"));
  return {
    ...(title !== titleOf(entry) && { title }),
    ...(tags !== tagsOf(entry) && { tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean) }),
  };
}

/** Props: `entry`. */
export class Naming extends Watcher {
  state = { open: false, busy: false, failure: "" };
  field = createRef();
  button = createRef();

  watched() {
    return [serviceState];
  }

  render({ entry }, { open, busy, failure }) {
    const name = nameOf(entry);
    return html`
      <h1 class="task-name" dir="auto">${name}</h1>
      <div class="naming">
        <${Tags} tags=${entry.tags} />
        ${serviceState.value.archive && !open &&
        html`<button ref=${this.button} type="button" class="link" onClick=${() => this.turn(true)}><${Icon} name="edit" /> ${t("rename")}</button>`}
      </div>
      ${open && html`<form class="naming-form" onSubmit=${(event) => this.save(event)} onKeyDown=${(event) => event.key === "Escape" && this.turn(false)}>
        <div class="field"><label for="naming-title">${t("rename_title")}</label>
          <input ref=${this.field} id="naming-title" name="title" maxlength=${LONGEST_TITLE} dir="auto" defaultValue=${titleOf(entry)}
            aria-describedby="naming-help" /><p id="naming-help" class="help">${t("rename_help")}</p></div>
        <div class="field"><label for="naming-tags">${t("rename_tags")}</label>
          <input id="naming-tags" name="tags" dir="auto" defaultValue=${tagsOf(entry)} /></div>
        ${failure && html`<p class="failure" role="alert">${failure}</p>`}
        <div class="card-actions">
          <button type="submit" class="button button-small button-primary" disabled=${busy}>${t("rename_save")}</button>
          <button type="button" class="button button-small" onClick=${() => this.turn(false)}>${t("cancel")}</button>
        </div>
      </form>`}
    `;
  }

  /** Who opens it is in the form, who closes it is back at the button. */
  turn(open) {
    this.setState({ open, failure: "", busy: false }, () => (open ? this.field : this.button).current?.focus());
  }

  async save(event) {
    event.preventDefault();
    const change = changed(this.props.entry, new FormData(event.currentTarget));
    this.setState({ busy: true, failure: "" });
    try {
      await rename(this.props.entry.key, change);
      this.turn(false);
      announce(t("renamed"));
    } catch (problem) {
      this.setState({ busy: false, failure: explainThrown(problem) });
    }
  }
}
