import { DatasetError } from '../errors'
import { readColumns } from './text-lines'
import { assertUtteranceName, parseAttack, parseKey, secondTime, type Trial } from './trial'

export interface ProtocolTrial extends Trial {
  readonly speaker: string
}

export interface Protocol {
  readonly path: string
  /** SHA-256 of the file's bytes, in hex. */
  readonly sha256: string
  /** In the order of the file. */
  readonly trials: readonly ProtocolTrial[]
}

interface ProtocolColumns {
  readonly names: string
  readonly utterance: number
  readonly attack: number
  readonly key: number
}

/** By the number of columns. ASVspoof 5: README of the database, section 3, `ASVspoof5.*.track_1.tsv`. */
const layouts: ReadonlyMap<number, ProtocolColumns> = new Map([
  [5, { names: 'speaker utterance - attack key', utterance: 1, attack: 3, key: 4 }],
  [
    10,
    {
      names: 'speaker utterance gender codec quality seed tag attack key - (ASVspoof 5)',
      utterance: 1,
      attack: 7,
      key: 8,
    },
  ],
])

/** The places of utterances by name, kept from the reading: making them again takes a fifth of its time. */
const placesOf = new WeakMap<Protocol, ReadonlyMap<string, number>>()

/**
 * Reads a countermeasure protocol, a line a trial. ASVspoof 2019: `speaker utterance environment attack key`, where
 * environment is `-` in the LA part, attack is `-` for bona fide speech, and key is `bonafide` or `spoof`. ASVspoof 5:
 * the ten columns of its track 1. The first line decides which. A byte order mark, CRLF, blank lines and gzip are fine.
 *
 * @throws DatasetError `PROTOCOL_INVALID` with file and line: unreadable or not text, no trial, wrong number of
 *   columns, unknown key, attack and key that contradict each other, an utterance twice or with a name that is not a
 *   plain file name
 */
export async function readProtocol(path: string): Promise<Protocol> {
  const trials: ProtocolTrial[] = []
  const places = new Map<string, number>()
  const distinct = new Map<string, string>()
  let layout: ProtocolColumns | undefined
  let width = 5
  const { sha256 } = await readColumns(
    { path, code: 'PROTOCOL_INVALID', kind: 'protocol' },
    (columns, fail) => {
      if (layout === undefined && layouts.has(columns.length)) width = columns.length
      layout ??= layouts.get(width)!
      if (columns.length !== width) throw fail(`${columns.length} columns`, `${width}: ${layout.names}`)
      const utterance = columns[layout.utterance]!
      assertUtteranceName(utterance, fail)
      const key = parseKey(columns[layout.key]!, fail)
      const attack = parseAttack(columns[layout.attack]!, key, fail)
      places.set(utterance, trials.length)
      // One look at the map instead of two: it is a third of what reading a line costs.
      if (places.size === trials.length) throw secondTime(utterance, fail)
      trials.push({
        speaker: shared(columns[0]!, distinct),
        utterance,
        attack: attack === undefined ? undefined : shared(attack, distinct),
        key,
      })
    },
  )
  if (trials.length === 0) {
    throw new DatasetError(
      'PROTOCOL_INVALID',
      `the protocol ${path} holds no trial; expected lines of "speaker utterance - attack key"`,
      { path },
    )
  }
  const protocol = { path, sha256, trials }
  placesOf.set(protocol, places)
  return protocol
}

/** One string for all trials with the same attack or speaker: 71,237 of them take 4 MB. */
function shared(text: string, distinct: Map<string, string>): string {
  const known = distinct.get(text)
  if (known !== undefined) return known
  distinct.set(text, text)
  return text
}

/** Where each utterance stands in `protocol.trials`. */
export function utterancePlaces(protocol: Protocol): ReadonlyMap<string, number> {
  return (
    placesOf.get(protocol) ??
    new Map(protocol.trials.map(({ utterance }, place) => [utterance, place] as const))
  )
}
