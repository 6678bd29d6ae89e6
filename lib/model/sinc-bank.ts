/**
 * AASIST's first layer: a fixed bank of band-pass filters on a mel grid. It is not in the checkpoint; the released
 * model (Jung et al., ICASSP 2022, arXiv 2110.01200, after RawNet2) computes it when it is built.
 */
const sampleRateHz = 16_000

/**
 * Filters of shape `[channels, 1, taps]`: each the difference of two ideal low-passes at neighbouring mel-spaced edges
 * from 0 to 8 kHz, times a Hamming window. Every step is rounded to float32 as the release rounds it: filters computed
 * in float64 differ by 1.5e-7 only, but that moves `last_hidden` of real clips by 4e-5 instead of 5e-6.
 * @param taps odd; the configuration's `first_conv`, plus one when that is even
 */
export function melSincBank(channels: number, taps: number): Float32Array {
  const bank = new Float32Array(channels * taps)
  const half = (taps - 1) / 2
  const window = Float32Array.from(
    { length: taps },
    (_, tap) => 0.54 - 0.46 * Math.cos((2 * Math.PI * tap) / (taps - 1)),
  )
  const topMel = hzToMel(sampleRateHz / 2)
  let lower = lowPass(0, half, taps)
  for (let channel = 0; channel < channels; channel++) {
    const upper = lowPass(melToHz((topMel / channels) * (channel + 1)), half, taps)
    for (let tap = 0; tap < taps; tap++) {
      bank[channel * taps + tap] = window[tap]! * Math.fround(upper[tap]! - lower[tap]!)
    }
    lower = upper
  }
  return bank
}

function lowPass(edgeHz: number, half: number, taps: number): Float32Array {
  const gain = Math.fround((2 * edgeHz) / sampleRateHz)
  return Float32Array.from({ length: taps }, (_, tap) => {
    const phase = Math.fround(Math.fround(Math.fround(2 * edgeHz) * (tap - half)) / sampleRateHz)
    return gain * sinc(phase)
  })
}

/** sin(πx)/(πx) with every step rounded to float32. */
function sinc(x: number): number {
  if (x === 0) return 1
  const angle = Math.fround(Math.fround(Math.PI) * x)
  return Math.fround(Math.fround(Math.sin(angle)) / angle)
}

const hzToMel = (hz: number): number => 2595 * Math.log10(1 + hz / 700)
const melToHz = (mel: number): number => 700 * (10 ** (mel / 2595) - 1)
