/** Which model made the scores of a file. */
import { basename, dirname } from 'node:path'
import { evaluationPaths } from './evaluation-files'
import { readInputFile, UnreadableFile } from './input-file'

/** metrics.json of 71,237 utterances has 10 kB. */
const largestBytes = 2 ** 24

/**
 * What `evaluate()` wrote of it into metrics.json beside its score file. Null for scores from elsewhere: they do not say, and
 * a file that merely lies beside them says nothing about them.
 */
export async function modelOfScores(
  path: string,
): Promise<{ readonly path: string | null; readonly sha256: string } | null> {
  const paths = evaluationPaths(dirname(path))
  if (basename(path) !== basename(paths.scores)) return null
  try {
    const text = (await readInputFile(paths.metrics, largestBytes)).toString('utf8')
    const { provenance } = JSON.parse(text) as { provenance?: { model?: Record<string, unknown> } }
    const { path: file, sha256 } = provenance?.model ?? {}
    if (typeof sha256 !== 'string') return null
    return { path: typeof file === 'string' ? file : null, sha256 }
  } catch (error) {
    if (error instanceof UnreadableFile || error instanceof SyntaxError || error instanceof TypeError)
      return null
    throw error
  }
}
