/** The metrics in numpy (peers/official_metrics.py), in a process of its own that computes a round when asked. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { startPeer } from './peer'

const python = process.env['AASIST_PYTHON'] ?? 'python3'

export interface NumpyPeer {
  readonly version: string
  readonly values: MetricValues
  /** Milliseconds of one more round, by the peer's own clock. */
  round(): Promise<number>
  end(): void
}

export interface MetricValues {
  readonly eer: number
  readonly minTdcf: number
  readonly minTdcfV2: number
  readonly minDcf: number
  readonly cllr: number
  readonly perAttack: Readonly<Record<string, number>>
}

/** Undefined, with a line that says so, where there is no numpy. */
export async function startNumpyPeer(scoreFile: string): Promise<NumpyPeer | undefined> {
  if (spawnSync(python, ['-c', 'import numpy'], { stdio: 'ignore' }).status !== 0) {
    console.log(`skipped: the same in numpy (${python} has no numpy; AASIST_PYTHON names another)`)
    return undefined
  }
  const script = join(__dirname, 'peers', 'official_metrics.py')
  const peer = await startPeer<{ numpy: string; values: MetricValues }, { milliseconds: number }>(python, [
    script,
    scoreFile,
  ])
  return {
    version: peer.ready.numpy,
    values: peer.ready.values,
    round: async () => (await peer.round('')).milliseconds,
    end: () => peer.end(),
  }
}
