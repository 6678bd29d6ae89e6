/** Golden values made by PyTorch, and the inputs they belong to. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './environment'

export interface GoldenOutputs {
  readonly utt: string
  readonly logits: readonly number[]
  readonly last_hidden?: readonly number[]
}

export function readJson(...path: readonly string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'))
}

export const demoModel = {
  checkpoint: join(root, 'models', 'demo', 'aasist-l-demo.pth'),
  config: join(root, 'models', 'demo', 'aasist-l-demo.conf'),
  corpus: join(root, 'models', 'demo', 'LA'),
}

export const clipPath = (corpus: string, utterance: string): string =>
  join(corpus, 'ASVspoof2019_LA_eval', 'flac', `${utterance}.flac`)

/** The synthetic signal of the official golden values; its recipe is in their file. */
export function syntheticSignal(): Float32Array {
  let state = 1n
  return Float32Array.from({ length: 64_600 }, (_, i) => {
    state = (state * 1_103_515_245n + 12_345n) % 2n ** 31n
    const noise = (Number(state) / 2 ** 31 - 0.5) * 0.02
    const tone = (hz: number): number => Math.sin((2 * Math.PI * hz * i) / 16_000)
    return noise + 0.1 * tone(220) + 0.05 * tone(1870)
  })
}

interface GeneratedInput {
  readonly seed: number
  readonly hold: number
  readonly gain: number
}

/** A small checkpoint with PyTorch's outputs for generated inputs. */
export interface GeneratedGolden {
  readonly nbSamp: number
  readonly inputs: readonly GeneratedInput[]
  readonly logits: readonly (readonly number[])[]
  readonly lastHidden: readonly (readonly number[])[]
}

/** The recipe written down in the golden files. */
export function generatedSignal({ seed, hold, gain }: GeneratedInput, length: number): Float32Array {
  let state = seed
  let value = 0
  return Float32Array.from({ length }, (_, n) => {
    if (n % hold === 0) {
      state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0
      value = (Math.floor(state / 65_536) - 32_768) / 32_768
    }
    return gain * value
  })
}
