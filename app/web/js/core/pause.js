/** Waits; rejects at once when `signal` is aborted. @param {number} seconds @param {AbortSignal} [signal] */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

/** 1, 2, 4 … 15 s, a little scattered. @param {number} failures from 1 */
export function backoff(failures) {
  return Math.min(15, 2 ** (failures - 1)) * (0.8 + 0.4 * Math.random());
}
