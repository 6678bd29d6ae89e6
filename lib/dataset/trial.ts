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

/** The key of a protocol's trial: these two words alone. Score files have more. */
export function parseKey(text: string, fail: LineFailure): TrialKey {
  // Constants instead of the text: a string less to keep for every trial.
  if (text === 'spoof') return 'spoof'
  if (text === 'bonafide') return 'bonafide'
  throw fail(`the key "${text}"`, 'bonafide or spoof')
}

/** The attack of a protocol's trial; refuses one that contradicts the key. */
export function parseAttack(attack: string, key: TrialKey, fail: LineFailure): string | undefined {
  if (key === 'spoof') {
    if (attack !== '-') return attack
    throw fail('a spoof trial without an attack', 'the name of its attack, such as A07')
  }
  // The protocols of ASVspoof 5 write the key where those of 2019 write a dash.
  if (attack === '-' || attack === 'bonafide') return undefined
  throw fail(`a bona fide trial with the attack "${attack}"`, '"-" for bona fide speech')
}

export function secondTime(utterance: string, fail: LineFailure): DatasetError {
  return fail(`utterance ${utterance} a second time`, 'every utterance once')
}

/** Names become paths below the audio folder and columns of a score file. */
export function assertUtteranceName(utterance: string, fail: LineFailure): void {
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
