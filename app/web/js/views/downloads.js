/** Copy the text, share it, or take it away as a file. */

import { sharedFile, transcriptFile } from "../api/client.js";
import { copied } from "../core/clipboard.js";
import { save } from "../core/saving.js";
import { withoutEnd } from "../tasks/history.js";
import { EXTENSIONS, FORMATS, WRITERS, appliedTo, toText } from "../transcript/formats.js";
import { finalId } from "../transcript/speakers.js";
import { explainThrown, t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";
import { ShareDialog } from "./share_dialog.js";

/** Props: `entry`, `transcript`, `rows`, `edits`, `speakers`; `shared`, where it is somebody else's. */
export class Downloads extends Component {
  state = { told: "", sharing: false };

  render({ entry, shared, transcript }, { told, sharing }) {
    const formats = Object.entries(FORMATS).filter(([format]) => format !== "rttm" || Array.isArray(transcript.result?.turns));
    return html`<div class="downloads">
      <div role="group" aria-label=${t("download")} class="download-buttons">
        <button type="button" class="button button-primary" onClick=${() => this.copy()}>${t("copy")}</button>
        ${!shared && html`<button type="button" class="button" aria-haspopup="dialog" onClick=${() => this.setState({ sharing: true })}>${t("share")}</button>`}
        ${formats.map(
          ([format, name]) => html`<button key=${format} type="button" class="button" aria-label=${t("download_as", { format: name })}
            onClick=${() => this.download(format)}>${name}</button>`,
        )}
      </div>
      <p class="told" role="status">${told}</p>
      ${sharing && html`<${ShareDialog} taskId=${entry.task_id} onClose=${() => this.setState({ sharing: false })} />`}
    </div>`;
  }

  get lines() {
    const { rows, edits, speakers } = this.props;
    return rows.map(({ speaker: told, ...row }) => {
      const id = told && finalId(edits.value.speakers, told);
      const speaker = speakers.find((each) => each.id === id)?.name;
      return { ...row, id, speaker, label: speaker ?? row.label };
    });
  }

  async copy() {
    const { edits, transcript, speakers } = this.props;
    const done = await copied(edits.isEdited || speakers.length ? toText(this.lines) : transcript.text);
    this.tell(t(done ? "copied" : "copy_failed"));
  }

  /** @param {keyof typeof FORMATS} format */
  async download(format) {
    const { entry } = this.props;
    const name = `${entry.title || withoutEnd(entry.name) || "transcript"}.${EXTENSIONS[format]}`;
    try {
      const content = await this.content(format);
      if (content) save(content, name);
      this.tell(t(content ? "downloaded" : "download_unsynced", { name }));
    } catch (problem) {
      this.tell(explainThrown(problem));
    }
  }

  /** The file, by the service where it knows all corrections; null where neither it nor this page can make it. */
  async content(format) {
    const { entry, edits, shared, transcript, speakers } = this.props;
    if (shared) return sharedFile(shared.token, format);
    if (edits.isEdited && !edits.synced.value) await edits.sync(); // its subtitles are the better ones
    if (!edits.isEdited || edits.synced.value) return transcriptFile(entry.task_id, format, edits.isEdited);
    if (!(format in WRITERS)) return null;
    const { lines } = this;
    const result = appliedTo(transcript.result, lines, edits.value.speakers, speakers);
    return new Blob([WRITERS[format](lines, result)], { type: "text/plain;charset=utf-8" });
  }

  tell(told) {
    this.setState({ told });
  }
}
