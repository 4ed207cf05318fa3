/** Why a request failed: the service's problem details, or `offline` where nothing answered. */
export class Problem extends Error {
  /** @param {{status?: number, code?: string, detail?: string, retryAfter?: number}} told */
  constructor({ status = 0, code = "offline", detail = "", retryAfter = 0 }) {
    super(detail || code);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return this.status === 0 || [408, 423, 429].includes(this.status) || this.status >= 500;
  }
}

/** @param {number} status @param {string} text the body @param {string | null} retryAfter the header */
export function problemOf(status, text, retryAfter) {
  let told = {};
  try {
    told = JSON.parse(text) ?? {};
  } catch {
    // A proxy's page, perhaps.
  }
  return new Problem({
    status,
    code: typeof told.code === "string" ? told.code : "unexpected",
    detail: typeof told.detail === "string" ? told.detail : "",
    retryAfter: Number(retryAfter) || 0,
  });
}
