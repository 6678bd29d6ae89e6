/** How long the tiles of the `cpu` target should be: one thread, the groupings given or a sweep. */
import { readFileSync } from 'node:fs'
import { convertCheckpoint, createPool, type SessionPool, type TileGroup } from '../lib'
import { loadClip } from '../lib/audio'
import { alternate, describeMachine, median, medianRatio } from './alternate'
import { checkpoint, clipPaths } from './clips'

const windowSamples = 64_600
const rounds = 7
const runsARound = 4

const groupings: Readonly<Record<string, readonly TileGroup[]>> = {
  'no tiles': [],
  '1 block 75, 1 block 75': [
    { blocks: 1, framesPerTile: 75 },
    { blocks: 1, framesPerTile: 75 },
  ],
  '2 blocks 19': [{ blocks: 2, framesPerTile: 19 }],
  '2 blocks 25': [{ blocks: 2, framesPerTile: 25 }],
  '2 blocks 38': [{ blocks: 2, framesPerTile: 38 }],
  '2 blocks 50': [{ blocks: 2, framesPerTile: 50 }],
  '2 blocks 75': [{ blocks: 2, framesPerTile: 75 }],
  '3 blocks 17': [{ blocks: 3, framesPerTile: 17 }],
}

async function main(): Promise<void> {
  const { samples } = await loadClip(readFileSync(clipPaths[0]!), { windowSamples })
  const run = async (pool: SessionPool): Promise<void> => {
    for (let i = 0; i < runsARound; i++) {
      await pool.run({ input: { type: 'float32', dims: [1, windowSamples], data: samples } }, ['logits'])
    }
  }
  const plain = await createPool(convertCheckpoint(checkpoint.bytes, checkpoint.config), { sessions: 1 })
  const contenders = [{ name: 'plain', run: () => run(plain) }]
  const pools = [plain]
  for (const [name, tiles] of Object.entries(groupings)) {
    const onnx = convertCheckpoint(checkpoint.bytes, checkpoint.config, { target: 'cpu', tiles })
    const pool = await createPool(onnx, { sessions: 1 })
    pools.push(pool)
    contenders.push({ name, run: () => run(pool) })
  }
  console.log(describeMachine())
  const [reference, ...others] = await alternate(contenders, rounds)
  for (const measurement of [reference!, ...others]) {
    const ms = (1000 * median(measurement.wallSeconds)) / runsARound
    console.log(
      `${measurement.name.padEnd(24)} ${ms.toFixed(1).padStart(6)} ms, ratio ${medianRatio(reference!, measurement).toFixed(3)}`,
    )
  }
  await Promise.all(pools.map(pool => pool.release()))
}

void main()
