import { DatasetError } from '../errors'
import { readColumns } from './text-lines'
import { parseTrial, UniqueUtterances, type Trial } from './trial'

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

/**
 * Reads a countermeasure protocol of ASVspoof 2019: a line a trial, `speaker utterance environment attack key`, where
 * environment is `-` in the LA part, attack is `-` for bona fide speech, and key is `bonafide` or `spoof`. A byte order
 * mark, CRLF and blank lines are fine.
 *
 * @throws DatasetError `PROTOCOL_INVALID` with file and line: unreadable or not text, no trial, wrong number of
 *   columns, unknown key, attack and key that contradict each other, an utterance twice or with a name that is not a
 *   plain file name
 */
export async function readProtocol(path: string): Promise<Protocol> {
  const trials: ProtocolTrial[] = []
  const utterances = new UniqueUtterances()
  const sha256 = await readColumns({ path, code: 'PROTOCOL_INVALID', kind: 'protocol' }, (columns, fail) => {
    const [speaker, utterance, , attack, key] = columns
    if (columns.length !== 5) {
      throw fail(`${columns.length} columns`, '5: speaker utterance - attack key')
    }
    const trial = parseTrial(utterance!, attack!, key!, fail)
    utterances.add(trial.utterance, fail)
    trials.push({ speaker: speaker!, ...trial })
  })
  if (trials.length === 0) {
    throw new DatasetError(
      'PROTOCOL_INVALID',
      `the protocol ${path} holds no trial; expected lines of "speaker utterance - attack key"`,
      { path },
    )
  }
  return { path, sha256, trials }
}
