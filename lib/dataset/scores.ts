import { DatasetError } from '../errors'
import { readColumns, type LineFailure } from './text-lines'
import { parseTrial, UniqueUtterances, type Trial } from './trial'
import { writeFileAtomically } from './atomic-file'

/** A trial with its countermeasure score; higher means more bona fide. */
export interface TrialScore extends Trial {
  readonly score: number
}

/** ASV scores by the kind of trial. */
export interface AsvScoreLists {
  readonly target: Float64Array
  readonly nontarget: Float64Array
  readonly spoof: Float64Array
}

/**
 * One line of a countermeasure score file, without its end: `utterance source key score`, with `-` as the source of
 * bona fide speech. The score is the shortest decimal that reads back as the same double.
 *
 * @throws DatasetError `SCORES_INVALID` when the score is NaN or infinite
 */
export function formatScoreLine({ utterance, attack, key, score }: TrialScore): string {
  if (!Number.isFinite(score)) {
    throw new DatasetError(
      'SCORES_INVALID',
      `the score of ${utterance} is ${score}; expected a finite number: a clip that failed has no line`,
      { utterance, found: String(score) },
    )
  }
  return `${utterance} ${attack ?? '-'} ${key} ${Object.is(score, -0) ? '-0' : String(score)}`
}

/**
 * Writes a countermeasure score file, one line a trial in the given order; all of it or nothing.
 * @throws DatasetError `SCORES_INVALID` as for {@link formatScoreLine}; `OUTPUT_UNWRITABLE`
 */
export async function writeScoreFile(path: string, scores: Iterable<TrialScore>): Promise<void> {
  await writeFileAtomically(path, scoreLines(scores))
}

function* scoreLines(scores: Iterable<TrialScore>): Generator<string> {
  for (const score of scores) yield `${formatScoreLine(score)}\n`
}

/**
 * Reads a four-column countermeasure score file as {@link writeScoreFile} and the AASIST tools write it.
 *
 * @throws DatasetError `SCORES_INVALID` with file and line: unreadable or not text, no score, wrong number of columns,
 *   unknown key, source and key that contradict each other, an utterance twice, a score that is not a finite number
 */
export async function readScoreFile(path: string): Promise<readonly TrialScore[]> {
  const scores: TrialScore[] = []
  const utterances = new UniqueUtterances()
  await readColumns({ path, code: 'SCORES_INVALID', kind: 'score file' }, (columns, fail) => {
    const [utterance, source, key, score] = columns
    if (columns.length !== 4) throw fail(`${columns.length} columns`, '4: utterance source key score')
    const trial = parseTrial(utterance!, source!, key!, fail)
    utterances.add(trial.utterance, fail)
    scores.push({ ...trial, score: parseScore(score!, fail) })
  })
  if (scores.length === 0) {
    throw new DatasetError(
      'SCORES_INVALID',
      `the score file ${path} holds no score; expected lines of "utterance source key score"`,
      { path },
    )
  }
  return scores
}

/**
 * Reads the scores of a speaker verification system as the ASVspoof organisers publish them: a line a trial,
 * `source key score`, with key `target`, `nontarget` or `spoof`. The source (`bonafide` or an attack) is not used.
 *
 * @throws DatasetError `SCORES_INVALID` with file and line: unreadable or not text, wrong number of columns, unknown
 *   key, a score that is not a finite number; or one of the three kinds missing
 */
export async function readAsvScores(path: string): Promise<AsvScoreLists> {
  const lists = { target: [] as number[], nontarget: [] as number[], spoof: [] as number[] }
  await readColumns({ path, code: 'SCORES_INVALID', kind: 'file of ASV scores' }, (columns, fail) => {
    const [, key, score] = columns
    if (columns.length !== 3) throw fail(`${columns.length} columns`, '3: source key score')
    if (key !== 'target' && key !== 'nontarget' && key !== 'spoof') {
      throw fail(`the key "${key!}"`, 'target, nontarget or spoof')
    }
    lists[key].push(parseScore(score!, fail))
  })
  for (const [key, scores] of Object.entries(lists)) {
    if (scores.length === 0) {
      throw new DatasetError(
        'SCORES_INVALID',
        `${path} holds no ${key} score; an operating point needs target, nontarget and spoof scores`,
        { path, key },
      )
    }
  }
  return {
    target: Float64Array.from(lists.target),
    nontarget: Float64Array.from(lists.nontarget),
    spoof: Float64Array.from(lists.spoof),
  }
}

// Number() alone would take '', '0x10' and 'Infinity'.
function parseScore(text: string, fail: LineFailure): number {
  const score = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN
  if (!Number.isFinite(score)) throw fail(`the score "${text}"`, 'a finite decimal number')
  return score
}
