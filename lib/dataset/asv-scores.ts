import { DatasetError } from '../errors'
import { parseScore } from './decimal'
import { readColumns } from './text-lines'

/** ASV scores by the kind of trial. */
export interface AsvScoreLists {
  readonly target: Float64Array
  readonly nontarget: Float64Array
  readonly spoof: Float64Array
}

/**
 * Reads the scores of a speaker verification system as the ASVspoof organisers publish them: a line a trial,
 * `source key score`, with key `target`, `nontarget` or `spoof`. The source (`bonafide` or an attack) is not used. The
 * file may be packed with gzip.
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
