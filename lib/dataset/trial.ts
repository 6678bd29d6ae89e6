import type { LineFailure } from './text-lines'

export type TrialKey = 'bonafide' | 'spoof'

/** One clip of an evaluation list, and what it is. */
export interface Trial {
  /** Name of the clip: its file name without folder and ending. */
  readonly utterance: string
  /** Name of the attack, such as `A07`; undefined for bona fide speech. */
  readonly attack: string | undefined
  readonly key: TrialKey
}

/** Turns the columns of a line into a trial, and refuses what cannot be one. */
export function parseTrial(utterance: string, attack: string, key: string, fail: LineFailure): Trial {
  assertUtteranceName(utterance, fail)
  if (key === 'bonafide') {
    if (attack !== '-')
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
    if (this.seen.has(utterance)) throw fail(`utterance ${utterance} a second time`, 'every utterance once')
    this.seen.add(utterance)
  }
}

const pathOrControlCharacter = /[/\\\p{Cc}]/u

// Names become paths below the audio folder and columns of a score file.
function assertUtteranceName(utterance: string, fail: LineFailure): void {
  if (utterance === '.' || utterance === '..' || pathOrControlCharacter.test(utterance)) {
    throw fail(
      `the utterance name ${JSON.stringify(utterance)}`,
      'a plain name: the file name without folder and ending, such as LA_E_1000147',
    )
  }
}
