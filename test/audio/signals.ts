/** Deterministic integer test signals; every call with equal arguments gives equal samples. */
export type SignalKind =
  'speech-like' | 'noise' | 'silence' | 'full-scale square' | 'constant' | 'padded with zero bits'

/** Park and Miller's minimal standard generator: 16807 s mod (2^31 - 1). */
export function minimalStandard(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 16807) % 2147483647
    return state / 2147483647
  }
}

/** `frames` integers of `bits` bits. */
export function integerSignal(kind: SignalKind, frames: number, bits: number, seed = 1): number[] {
  const limit = 2 ** (bits - 1)
  const random = minimalStandard(seed)
  // Adding 0 turns -0 into 0: integers have one zero.
  const clamp = (value: number): number => Math.max(-limit, Math.min(limit - 1, Math.round(value))) + 0
  return Array.from({ length: frames }, (_, i) => {
    switch (kind) {
      case 'speech-like': {
        const envelope = 0.5 + 0.5 * Math.sin(i / 900)
        const voiced = Math.sin(i * 0.05) + 0.5 * Math.sin(i * 0.11 + seed) + 0.1 * (random() - 0.5)
        return clamp(0.6 * limit * envelope * voiced)
      }
      case 'noise':
        return clamp((2 * random() - 1) * limit)
      case 'silence':
        return 0
      case 'full-scale square':
        return Math.floor(i / 40) % 2 === 0 ? limit - 1 : -limit
      case 'constant':
        return clamp(-limit / 3)
      case 'padded with zero bits': {
        const step = 2 ** Math.floor(bits / 3)
        return clamp(Math.floor((Math.sin(i * 0.03) * limit * 0.7) / step) * step)
      }
    }
  })
}

export function sine(
  hz: number,
  sampleRateHz: number,
  seconds: number,
  amplitude = 0.5,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: Math.round(sampleRateHz * seconds) },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRateHz),
  )
}
