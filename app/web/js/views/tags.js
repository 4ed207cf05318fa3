/** The tags of a transcript; each leads to all that have it. */

import { searchAddress } from "../core/router.js";
import { t } from "../i18n/texts.js";
import { html } from "../ui.js";

/** @param {{tags?: string[]}} props */
export function Tags({ tags }) {
  if (!tags?.length) return null;
  return html`<ul class="tags" aria-label=${t("tags")}>
    ${tags.map((tag) => html`<li key=${tag}><a class="badge" dir="auto" href=${searchAddress({ tag })} title=${t("tag_search", { tag })}>${tag}</a></li>`)}
  </ul>`;
}
