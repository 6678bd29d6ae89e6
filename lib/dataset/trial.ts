import type { DatasetError } from '../errors'
import type { LineFailure } from './text-lines'

export type TrialKey = 'bonafide' | 'spoof'

/** One clip of an evaluation list, and what it is. */
export interface Trial {
  /** Name of the clip: its file name without folder and ending. */
  readonly utterance: string
  /** Name of the attack, such as `A07`; undefined for bona fide speech, and where a score file names none. */
  readonly attack: string | undefined
  readonly key: TrialKey
}

/** Turns the columns of a protocol's line into a trial, and refuses what cannot be one. */
export function parseTrial(utterance: string, attack: string, key: string, fail: LineFailure): Trial {
  assertUtteranceName(utterance, fail)
  if (key === 'bonafide') {
    // The protocols of ASVspoof 5 write the key where those of 2019 write a dash.
    if (attack !== '-' && attack !== 'bonafide')
      throw fail(`a bona fide trial with the attack "${attack}"`, '"-" for bona fide speech')
    return { utterance, attack: undefined, key }
  }
  if (key === 'spoof') {
    if (attack === '-') throw fail('a spoof trial without an attack', 'the name of its attack, such as A07')
    return { utterance, attack, key }
  }
  throw fail(`the key "${key}"`, 'bonafide or spoof')
}

/** Keeps the names met so far and refuses the second of two. */
export class UniqueUtterances {
  private readonly seen = new Set<string>()

  add(utterance: string, fail: LineFailure): void {
    const before = this.seen.size
    // One look at the set instead of two: it is a third of what reading a line costs.
    if (this.seen.add(utterance).size === before) throw secondTime(utterance, fail)
  }
}

export function secondTime(utterance: string, fail: LineFailure): DatasetError {
  return fail(`utterance ${utterance} a second time`, 'every utterance once')
}

/** Names become paths below the audio folder and columns of a score file. */
function assertUtteranceName(utterance: string, fail: LineFailure): void {
  if (utterance === '.' || utterance === '..' || holdsPathOrControl(utterance)) {
    throw fail(
      `the utterance name ${JSON.stringify(utterance)}`,
      'a plain name: the file name without folder and ending, such as LA_E_1000147',
    )
  }
}

/** `/`, `\`, and the control characters of Unicode: U+0000 to U+001F, U+007F to U+009F. */
export function holdsPathOrControl(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index)
    if (code === 0x2f || code === 0x5c || code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  }
  return false
}
