import { realpath } from 'node:fs/promises'
import { writeFileAtomically } from '../dataset'
import { ArgumentTypeError } from '../errors'
import { evaluationPaths } from '../scoring'
import { reportPage } from './page'
import { readSystems, type SystemsRequest } from './systems'

export interface ReportRequest extends SystemsRequest {
  /** Path of the HTML file; what is there is replaced. */
  readonly out: string
}

/**
 * Writes one self-contained HTML file about the results of one or several detectors: all of it or nothing.
 *
 * @throws DatasetError `DATASET_INVALID`, `SCORES_INVALID`, `PROTOCOL_INVALID`, `OUTPUT_UNWRITABLE`
 * @throws ArgumentTypeError `INVALID_ARGUMENT` when it would replace what it is about; and the signal's reason
 */
export async function writeReport(request: ReportRequest): Promise<void> {
  await assertNoInput(request)
  const systems = await readSystems(request)
  request.signal?.throwIfAborted()
  await writeFileAtomically(request.out, reportPage(systems, new Date()))
}

async function assertNoInput({ out, results, protocol, asvScores }: ReportRequest): Promise<void> {
  const target = await realpath(out).catch(() => undefined)
  if (target === undefined) return
  const ofFolders = results.flatMap(path => {
    const { scores, partialScores, report, metrics, manifest, log } = evaluationPaths(path)
    return [scores, partialScores, report, metrics, manifest, log]
  })
  for (const path of [...results, ...ofFolders, protocol, asvScores]) {
    if (path === undefined || (await realpath(path).catch(() => undefined)) !== target) continue
    throw new ArgumentTypeError(`the report would replace ${path}, which it is about; choose another file`, {
      option: 'out',
    })
  }
}
