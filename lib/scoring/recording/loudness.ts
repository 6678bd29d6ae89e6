/** How loud a window is where it is loudest. */

/** Below that is no speech: 16-bit recordings of a silent room have some -60 dBFS. */
export const defaultSilenceDbfs = -60
const frameSeconds = 0.02

/** The loudest 20 ms, as root mean square in dB of full scale; -Infinity for digital silence. */
export function loudestDbfs(samples: Float32Array, sampleRateHz: number): number {
  const frame = Math.max(1, Math.round(frameSeconds * sampleRateHz))
  let loudest = 0
  for (let from = 0; from < samples.length; from += frame) {
    const to = Math.min(from + frame, samples.length)
    let energy = 0
    for (let at = from; at < to; at++) energy += samples[at]! * samples[at]!
    loudest = Math.max(loudest, energy / (to - from))
  }
  return 10 * Math.log10(loudest)
}
