/** How loud a recording is over its length, for the waveform. */

export const PEAKS = 1600;
/** Decoding needs all samples in memory: 8000 a second and channel, 4 bytes each. */
export const LONGEST_SECONDS = 3600;
const SAMPLE_RATE = 8000;

/**
 * @param {Blob} recording @param {number} duration in seconds, 0 where it is not known
 * @returns {Promise<{levels: Float32Array, duration: number} | null>} levels from 0 to 1; null: it is too long, or
 *   the browser cannot decode it
 */
export async function peaksOf(recording, duration) {
  if (duration > LONGEST_SECONDS) return null;
  try {
    const context = new OfflineAudioContext(1, 1, SAMPLE_RATE);
    const decoded = await context.decodeAudioData(await recording.arrayBuffer());
    return { levels: levelsOf(decoded.getChannelData(0)), duration: decoded.duration };
  } catch {
    return null;
  }
}

/** @param {Float32Array} samples */
function levelsOf(samples) {
  const levels = new Float32Array(Math.min(PEAKS, samples.length));
  const width = samples.length / levels.length;
  let loudest = 0.05; // silence stays flat
  for (let place = 0; place < levels.length; place += 1) {
    let peak = 0;
    const end = Math.floor((place + 1) * width);
    for (let at = Math.floor(place * width); at < end; at += 1) peak = Math.max(peak, Math.abs(samples[at]));
    levels[place] = peak;
    loudest = Math.max(loudest, peak);
  }
  return levels.map((level) => level / loudest);
}
