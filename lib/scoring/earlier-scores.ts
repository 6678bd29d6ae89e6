/** Scores that earlier runs of an evaluation left, taken over only where they are beyond doubt. */
import { createReadStream } from 'node:fs'
import { errorCode } from '../errors'
import { formatScoreLine, type Trial } from '../dataset'

export interface EarlierScores {
  /** By trial; NaN where there is none. */
  readonly scores: Float64Array
  readonly found: number
  /** Lines that were not as this package writes them: torn by a full disk or a power cut, or changed by somebody. */
  readonly dropped: number
}

/**
 * Reads score files of this package, of which any may be missing or broken anywhere. A score counts when its line is,
 * character for character, the one this package writes for a trial of the list, and no other line contradicts it;
 * everything else is scored again, which costs a moment and is never wrong.
 */
export async function readEarlierScores(
  paths: readonly string[],
  trials: readonly Trial[],
): Promise<EarlierScores> {
  const scores = new Float64Array(trials.length).fill(NaN)
  const contradicted = new Set<number>()
  const indices = new Map<string, number>()
  let dropped = 0
  for (const path of paths) {
    for await (const line of wholeLines(path)) {
      if (indices.size === 0)
        for (const [index, { utterance }] of trials.entries()) indices.set(utterance, index)
      const index = indices.get(line.slice(0, line.indexOf(' ')))
      const score = Number(line.slice(line.lastIndexOf(' ') + 1))
      const isOwn =
        index !== undefined &&
        Number.isFinite(score) &&
        line === formatScoreLine({ ...trials[index]!, score })
      if (!isOwn) dropped += 1
      else if (!Number.isNaN(scores[index]!) && !Object.is(scores[index], score)) contradicted.add(index)
      else scores[index] = score
    }
  }
  for (const index of contradicted) scores[index] = NaN
  return {
    scores,
    found: scores.reduce((count, score) => (Number.isNaN(score) ? count : count + 1), 0),
    dropped,
  }
}

/** No utterance with its score is longer; a file without line ends must not be kept in memory. */
const longestLine = 4096

/** The lines that have an end. The last one of a file that broke off may be the beginning of another number. */
async function* wholeLines(path: string): AsyncGenerator<string, void, undefined> {
  let rest = ''
  try {
    for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!.slice(0, longestLine)
      yield* lines
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
