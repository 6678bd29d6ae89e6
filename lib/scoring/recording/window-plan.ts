/** Where the windows of a recording are, and which of them are computed together. Pure: samples in, groups out. */
import { encoderStrideSamples } from '../../model'

export interface WindowPlan {
  readonly windowSamples: number
  readonly hopSamples: number
  /** Windows in one run that shares the encoder; 1 where every window is computed for itself. */
  readonly sharedWindows: number
}

/** Windows of one channel that follow each other, ready to be scored. */
export interface WindowGroup {
  readonly channel: number
  /** Of the first window's first sample. */
  readonly startSample: number
  /** How many there are; in a shared run that is not full the others are silence. */
  readonly windows: number
  /** Where each ends at the latest: shorter than a window only where the recording is. */
  readonly recordingSamples: number
  readonly samples: Float32Array<ArrayBuffer>
  /** `shared`: one run of several windows. `single`: one window by itself. */
  readonly kind: 'shared' | 'single'
}

/**
 * Samples that windows of one shared run span beyond the first, at most: ten windows at the usual hop. Fifteen took 10 MB more
 * and 15 % less time, and ten hours of speech were at 300 MB, the bound (docs/performance.md).
 */
const mostSpan = 78_732
const mostShared = 64
/** Of AASIST's window. With larger hops a shared run has too little to share (docs/performance.md). */
const largestSharedHop = 0.68
/** Windows for which a shared run, most of them silence, costs less than runs of their own. */
const leastShared = 4
/** Runs behind which one more costs nothing to speak of, and memory counts: sessions of single windows take 20 MB to run. */
const manyRuns = 16

/**
 * `canShare`: the model is a checkpoint, from which a graph of several windows can be built. Its hop is a whole number of
 * encoder frames then, the nearest to what was asked for.
 */
export function planWindows(
  hopSeconds: number,
  model: { readonly windowSamples: number; readonly sampleRateHz: number; readonly canShare: boolean },
): WindowPlan {
  const { windowSamples, sampleRateHz, canShare } = model
  const asked = Math.max(1, Math.round(hopSeconds * sampleRateHz))
  if (!canShare) return { windowSamples, hopSamples: asked, sharedWindows: 1 }
  const hopSamples = Math.max(1, Math.round(asked / encoderStrideSamples)) * encoderStrideSamples
  const fitting = Math.min(Math.floor(mostSpan / hopSamples) + 1, mostShared)
  const isWorthIt = hopSamples <= largestSharedHop * windowSamples && fitting >= leastShared
  return { windowSamples, hopSamples, sharedWindows: isWorthIt ? fitting : 1 }
}

/** Cuts one channel into windows as its samples come; holds no more of them than the next group needs. */
export class ChannelWindows {
  readonly #channel: number
  readonly #plan: WindowPlan
  #held = new Float32Array(0)
  /** Place of the first held sample in the recording, and how many are held. */
  #from = 0
  #count = 0
  /** Of the next group. */
  #next = 0
  /** Behind the last window that was given. */
  #covered = 0

  constructor(channel: number, plan: WindowPlan) {
    this.#channel = channel
    this.#plan = plan
  }

  *push(samples: Float32Array): Generator<WindowGroup, void, undefined> {
    this.#append(samples)
    const { windowSamples, hopSamples, sharedWindows } = this.#plan
    const needed = (sharedWindows - 1) * hopSamples + windowSamples
    while (this.#end >= this.#next + needed) yield this.#group(this.#next, sharedWindows, needed)
  }

  /** What is left when nothing comes any more: the last windows, and one that ends where the recording does. */
  *finish(): Generator<WindowGroup, void, undefined> {
    const { windowSamples, hopSamples, sharedWindows } = this.#plan
    const end = this.#end
    if (end === 0) return
    if (end < windowSamples) {
      yield this.#group(0, 1, end)
      return
    }
    const left = Math.max(0, Math.floor((end - windowSamples - this.#next) / hopSamples) + 1)
    const sharedLength = (sharedWindows - 1) * hopSamples + windowSamples
    const isLong = this.#next >= manyRuns * sharedWindows * hopSamples
    if (left >= (isLong ? 1 : leastShared) && sharedWindows > 1) {
      yield this.#group(this.#next, left, sharedLength)
    } else {
      for (let at = 0; at < left; at += 1) yield this.#group(this.#next, 1, windowSamples)
    }
    // No second opinion on what a window has heard to less than an encoder frame.
    if (end - this.#covered >= Math.min(encoderStrideSamples, hopSamples))
      yield this.#group(end - windowSamples, 1, isLong ? sharedLength : windowSamples)
  }

  get #end(): number {
    return this.#from + this.#count
  }

  #group(startSample: number, windows: number, length: number): WindowGroup {
    const { windowSamples, hopSamples, sharedWindows } = this.#plan
    const at = startSample - this.#from
    const samples = new Float32Array(length)
    samples.set(this.#held.subarray(at, Math.min(at + length, this.#count)))
    this.#covered = startSample + (windows - 1) * hopSamples + windowSamples
    this.#next = Math.max(this.#next, startSample + windows * hopSamples)
    return {
      channel: this.#channel,
      startSample,
      windows,
      recordingSamples: this.#end,
      samples,
      kind: windows > 1 || (sharedWindows > 1 && length > windowSamples) ? 'shared' : 'single',
    }
  }

  #append(samples: Float32Array): void {
    // Behind hops longer than a window the next group is not there yet, and the last window of all may begin before it.
    const keepFrom = Math.max(this.#from, Math.min(this.#next, this.#end - this.#plan.windowSamples))
    const kept = this.#held.subarray(Math.min(keepFrom - this.#from, this.#count), this.#count)
    const needed = kept.length + samples.length
    if (needed > this.#held.length || this.#count + samples.length > this.#held.length) {
      const target = needed > this.#held.length ? new Float32Array(2 * needed) : this.#held
      target.set(kept)
      this.#from = this.#end - kept.length
      this.#held = target
      this.#count = kept.length
    }
    this.#held.set(samples, this.#count)
    this.#count += samples.length
  }
}
