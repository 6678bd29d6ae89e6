/** What the `cpu` target gains: two pools of one-thread sessions, one on the plain graph, one on the rewritten one. */
import { readFileSync } from 'node:fs'
import { loadClip } from '../lib/audio'
import { convertCheckpoint, createPool, type SessionPool } from '../lib'
import { alternate, describeMachine, medianRatio, report } from './alternate'
import { checkpoint, clipPaths } from './clips'

const windowSamples = 64_600
const rounds = 7

async function main(): Promise<void> {
  const windows = await Promise.all(
    clipPaths.slice(0, 24).map(async path => (await loadClip(readFileSync(path), { windowSamples })).samples),
  )
  const open = (target: 'plain' | 'cpu'): Promise<SessionPool> =>
    createPool(convertCheckpoint(checkpoint.bytes, checkpoint.config, { target }), { sessions: 2 })
  const [plain, cpu] = await Promise.all([open('plain'), open('cpu')])
  const runAll = async (pool: SessionPool): Promise<void> => {
    await Promise.all(
      windows.map(data =>
        pool.run({ input: { type: 'float32', dims: [1, windowSamples], data } }, ['logits']),
      ),
    )
  }
  console.log(describeMachine())
  const [slow, fast] = await alternate(
    [
      { name: 'plain, two one-thread sessions', run: () => runAll(plain) },
      { name: 'cpu, two one-thread sessions', run: () => runAll(cpu) },
    ],
    rounds,
  )
  report([slow!, fast!], windows.length)
  console.log(`ratio ${medianRatio(slow!, fast!).toFixed(3)} (median of ${rounds} rounds)`)
  await Promise.all([plain.release(), cpu.release()])
}

void main()
