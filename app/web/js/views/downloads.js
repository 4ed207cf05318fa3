/** Copy the text, or take it away as a file. */

import { transcriptFile } from "../api/client.js";
import { EXTENSIONS, WRITERS, toText } from "../transcript/formats.js";
import { appliedTo, speakerOf } from "../transcript/speakers.js";
import { explainThrown, t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";

const NAMES = { text: "TXT", srt: "SRT", vtt: "VTT", tsv: "TSV", json: "JSON", rttm: "RTTM" };

/** Props: `entry`, `transcript`, `texts`, `edited`, `synced` with the service, `changes` of `speakers`, and these. */
export class Downloads extends Component {
  state = { told: "" };

  render(_, { told }) {
    return html`<div class="downloads">
      <div role="group" aria-label=${t("download")} class="download-buttons">
        <button type="button" class="button button-primary" onClick=${() => this.copy()}>${t("copy")}</button>
        ${Object.entries(NAMES).filter(([format]) => format !== "rttm" || Array.isArray(this.props.transcript.result?.turns)).map(
          ([format, name]) => html`<button key=${format} type="button" class="button" aria-label=${t("download_as", { format: name })}
            onClick=${() => this.download(format)}>${name}</button>`,
        )}
      </div>
      <p class="told" role="status">${told}</p>
    </div>`;
  }

  get lines() {
    const { texts, transcript, changes, speakers } = this.props;
    return transcript.segments.map(({ start, end, label, channel, speaker: told }, index) => {
      const id = told && speakerOf(changes, index, told);
      const speaker = speakers.find((each) => each.id === id)?.name;
      return { start, end, channel, speaker, label: speaker ?? label, text: texts[index] };
    });
  }

  async copy() {
    const { edited, transcript, speakers } = this.props;
    const copied = await put(edited || speakers.length ? toText(this.lines) : transcript.text);
    this.tell(t(copied ? "copied" : "copy_failed"));
  }

  /** @param {keyof typeof NAMES} format */
  async download(format) {
    const { entry, edited, synced, transcript, changes, speakers } = this.props;
    const name = `${entry.name.replace(/\.[^.]+$/, "") || "transcript"}.${EXTENSIONS[format]}`;
    try {
      const content = edited && !synced
        ? new Blob([WRITERS[format](this.lines, appliedTo(transcript.result, changes, speakers))], { type: "text/plain;charset=utf-8" })
        : await transcriptFile(entry.task_id, format, edited);
      save(content, name);
      this.tell(t("downloaded", { name }));
    } catch (problem) {
      this.tell(explainThrown(problem));
    }
  }

  tell(told) {
    this.setState({ told });
  }
}

/** @param {Blob} content @param {string} name */
function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The clipboard; where the page did not come over HTTPS, browsers have the old way only. @param {string} text */
async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
