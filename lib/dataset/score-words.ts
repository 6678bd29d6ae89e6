/** How score files say what a trial is. */
import type { TrialKey } from './trial'

const keyWords: ReadonlyMap<string, TrialKey> = new Map([
  ...['bonafide', 'bona-fide', 'bona_fide', 'genuine', 'human', 'real'].map(
    word => [word, 'bonafide'] as const,
  ),
  ...['spoof', 'spoofed', 'fake'].map(word => [word, 'spoof'] as const),
])

/** What a word says of a trial, whatever its case; undefined for every other text. */
export function keyOfWord(text: string): TrialKey | undefined {
  // Almost every file has these two; comparing is faster than looking up.
  if (text === 'spoof') return 'spoof'
  if (text === 'bonafide') return 'bonafide'
  return keyWords.get(text.toLowerCase())
}

/** What the source of a trial says: genuine speech, or an attack with its name, if it has one. */
export interface Source {
  readonly key: TrialKey
  readonly attack: string | undefined
}

const challengeAttack = /^a(?!00)\d\d$/i

/** `A07` and the like, in any case. */
export const isChallengeAttack = (text: string): boolean => challengeAttack.test(text)

/** `-`, `A00` (AIR-ASVspoof) and the words for bona fide speech (ASVspoof 2021 and 5). */
export function isBonafideSource(text: string): boolean {
  return text === '-' || text === 'A00' || text === 'a00' || keyOfWord(text) === 'bonafide'
}

/** Attacks of the challenges are written in capitals, as their protocols do; other names stay as they are. */
export function parseSource(text: string): Source {
  if (isBonafideSource(text)) return { key: 'bonafide', attack: undefined }
  if (keyOfWord(text) === 'spoof') return { key: 'spoof', attack: undefined }
  return { key: 'spoof', attack: isChallengeAttack(text) ? text.toUpperCase() : text }
}

/** The last part of a path, of either kind of system. */
export function withoutFolder(text: string): string {
  return text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1)
}

/** Files name clips by path or with the ending of the audio: the name alone joins them with a protocol. */
export function plainUtterance(text: string): string {
  const name = withoutFolder(text)
  return /\.(flac|wav)$/i.test(name) ? name.slice(0, name.lastIndexOf('.')) : name
}
