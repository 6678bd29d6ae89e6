import type { Device } from '../../session'
import type { Judgement } from '../judgement'

export interface WindowPlace {
  /** From 0, with `channels: 'each'`; null where channels were averaged. */
  readonly channel: number | null
  readonly startSeconds: number
  /** Before the window's own end only in a recording that is shorter than a window: that is heard again and again. */
  readonly endSeconds: number
}

/** One window of a recording: its score, or that there is nothing to be heard in it. */
export type WindowScore = WindowPlace &
  (
    | ({
        readonly silent: false
        /** The countermeasure score, as of a clip: higher means more bona fide. */
        readonly score: number
        readonly device: Device
      } & Judgement)
    | { readonly silent: true; readonly score: null; readonly decision: null }
  )
