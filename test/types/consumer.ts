/** A first program of a user. test/pack compiles and runs it against the packed package, as CommonJS and as ESM. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AudioError, demoCheckpoint, demoFolder, Detector } from '../../lib'
import { computeEer } from '../../lib/metrics'
import { convertCheckpoint } from '../../lib/model'
import { createSession } from '../../lib/session'

async function main(): Promise<void> {
  await using detector = await Detector.load({ sessions: 1 })
  const clip = join(demoFolder, 'LA', 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')
  const { score } = await detector.score(clip)
  const missing = await detector.score('missing.wav').catch((error: unknown) => error)

  const config = await readFile(demoCheckpoint.replace('.pth', '.conf'), 'utf8')
  await using session = await createSession(convertCheckpoint(await readFile(demoCheckpoint), config))

  const found = {
    score,
    missing: missing instanceof AudioError && missing.code,
    inputs: session.inputNames,
    eer: computeEer([1, 3], [0, 2]).eer,
  }
  console.log(JSON.stringify(found))
}

void main()
