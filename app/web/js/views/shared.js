/** A transcript that somebody has shared: to read, hear and save, for who has its link. */

import { sharedTranscript } from "../api/client.js";
import { Observable } from "../core/observable.js";
import { unchanged } from "../transcript/speakers.js";
import { transcriptOf } from "../transcript/transcript.js";
import { explainThrown, formatMoment, t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";
import { TranscriptDesk } from "./transcript_desk.js";

/** In the place of corrections: those that there are, the service has put in. */
class NoEdits extends Observable {
  synced = new Observable(true);
  isEdited = false;

  constructor() {
    super({ texts: {}, regrouped: {}, speakers: unchanged(), undo: [], redo: [] });
  }
}

/** Props: `token`. */
export class SharedView extends Component {
  state = { told: null, failure: null };
  edits = new NoEdits();

  componentDidMount() {
    this.look();
  }

  async look() {
    this.setState({ failure: null });
    try {
      const { result, ...told } = await sharedTranscript(this.props.token);
      this.setState({ told: { ...told, transcript: transcriptOf(result) } });
    } catch (problem) {
      this.setState({ failure: problem });
    }
  }

  render({ token }, { told, failure }) {
    const name = told?.title || told?.filename || t("title_shared");
    return html`<div class="view">
      ${!told && html`<h1>${t("title_shared")}</h1>`}
      ${!told && !failure && html`<p role="status">${t("loading")}</p>`}
      ${failure && html`<p class="failure" role="alert">${explainThrown(failure)}</p>`}
      ${failure?.passes && html`<button type="button" class="button" onClick=${() => this.look()}>${t("try_again")}</button>`}
      ${told && html`<${TranscriptDesk} entry=${{ name, title: told.title }} transcript=${told.transcript} edits=${this.edits}
        summary=${{ text: told.summary, stale: told.summary_stale }} shared=${{ token, hasAudio: told.has_audio }} />`}
      ${told?.expires_at && html`<p class="help">${t("shared_until", { moment: formatMoment(told.expires_at) })}</p>`}
    </div>`;
  }
}
