/** Which time tiles a checkpoint's graph is cut into: what the caches of this machine's CPU like best is measured once. */
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { writeFileAtomically } from '../dataset'
import { DatasetError } from '../errors'
import { defaultTiles, type AasistConfig, type TileGroup } from '../model'
import { createPool, type SessionPool } from '../session'
import { cacheFolder, findInCache, fromCache } from './cache'
import { sha256Of } from './model-file'
import type { Preparer } from './preparer'
import { cpuClass, onnxruntimeVersion, packageVersion } from './versions'

/**
 * - `default`: the same tiles on every machine.
 * - `stored`: those that were measured for this CPU, where they have been; otherwise the default.
 * - `measured`: the same, and measured now where they have not been, once in some seconds.
 */
export type TileChoice = 'default' | 'stored' | 'measured'
export const tileChoices: readonly TileChoice[] = ['default', 'stored', 'measured']

export type TilesEvent =
  | { readonly kind: 'measuring'; readonly candidates: number }
  /** Another process measures. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'measured'; readonly tiles: readonly TileGroup[]; readonly times: readonly TileTime[] }
  /** Nobody would know next time: the default is used. */
  | { readonly kind: 'not stored'; readonly reason: string }

/** What one window took on one thread, at best. */
export interface TileTime {
  readonly tiles: readonly TileGroup[]
  readonly windowMs: number
}

export interface TilesRequest {
  readonly choice: TileChoice
  readonly checkpoint: Uint8Array
  readonly config: AasistConfig
  readonly signal: AbortSignal | undefined
  readonly onEvent: ((event: TilesEvent) => void) | undefined
}

/** A tile of 38 frames takes 1.1 MB a map in the released models; level-2 caches have between 256 kB and 4 MB. */
export const tileCandidates: readonly (readonly TileGroup[])[] = [
  defaultTiles,
  [{ blocks: 2, framesPerTile: 19 }],
  [{ blocks: 2, framesPerTile: 27 }],
  [{ blocks: 2, framesPerTile: 76 }],
]

const file = 'tiles.json'

/** @throws what opening and running sessions throws; the signal's reason */
export async function tilesFor(request: TilesRequest, preparer: Preparer): Promise<readonly TileGroup[]> {
  const { choice, config, signal, onEvent } = request
  if (choice === 'default') return defaultTiles
  const machine = { cpu: cpuClass(), onnxruntime: onnxruntimeVersion(), package: packageVersion() }
  const key = sha256Of(JSON.stringify({ ...machine, network: config.model, candidates: tileCandidates }))
  const sought = { folder: cacheFolder(), key, label: 'cpu-tiles', file }
  const stored = await storedTiles(await findInCache(sought))
  if (stored !== undefined || choice === 'stored') return stored ?? defaultTiles
  try {
    const { path } = await fromCache({
      ...sought,
      about: { ...machine, model: `time tiles for ${machine.cpu}` },
      signal,
      onWaiting: () => onEvent?.({ kind: 'waiting' }),
      make: async to => {
        onEvent?.({ kind: 'measuring', candidates: tileCandidates.length })
        const times = await measureTiles(request, preparer)
        const tiles = fastestTiles(times)
        await writeFileAtomically(to, `${JSON.stringify({ format: 1, tiles, times }, null, 2)}\n`)
        onEvent?.({ kind: 'measured', tiles, times })
        return [file]
      },
    })
    return (await storedTiles(path)) ?? defaultTiles
  } catch (error) {
    // Measured anew each time they could differ, and with them the last digits of scores.
    if (!(error instanceof DatasetError)) throw error
    onEvent?.({ kind: 'not stored', reason: error.message })
    return defaultTiles
  }
}

/** Only what is a candidate: a file that somebody wrote gives no other graphs. */
async function storedTiles(path: string | undefined): Promise<readonly TileGroup[] | undefined> {
  if (path === undefined) return undefined
  try {
    const { tiles } = JSON.parse(await readFile(path, 'utf8')) as { readonly tiles?: unknown }
    return tileCandidates.find(candidate => isDeepStrictEqual(candidate, tiles))
  } catch {
    return undefined
  }
}

/** Less is noise, and the default is what other machines have. */
const worthwhile = 0.97

/** The default, which comes first, unless another takes 3 % less. */
export function fastestTiles(times: readonly TileTime[]): readonly TileGroup[] {
  const [first, ...others] = times as [TileTime, ...TileTime[]]
  const best = others.reduce((least, each) => (each.windowMs < least.windowMs ? each : least), first)
  return best.windowMs < worthwhile * first.windowMs ? best.tiles : first.tiles
}

const roundCount = 5

async function measureTiles(
  { checkpoint, config, signal }: TilesRequest,
  preparer: Preparer,
): Promise<readonly TileTime[]> {
  const pools: SessionPool[] = []
  try {
    for (const tiles of tileCandidates) {
      const options = { batch: 1, target: 'cpu', tiles } as const
      const onnx = await preparer.prepare({ kind: 'model', checkpoint, config, options }, signal)
      pools.push(await createPool(onnx, { device: 'cpu', sessions: 1, ...(signal && { signal }) }))
    }
    const { nbSamp } = config.model
    const data = Float32Array.from({ length: nbSamp }, (_, at) => 0.1 * Math.sin(at * at))
    const feeds = { input: { type: 'float32', dims: [1, nbSamp], data } } as const
    const bestMs = pools.map(() => Infinity)
    for (let round = 0; round < roundCount; round += 1) {
      // In turns: what else the machine does falls on all of them, and the least of several runs is without it.
      for (const [index, pool] of pools.entries()) {
        const beganAtMs = performance.now()
        await pool.run(feeds, undefined, signal && { signal })
        bestMs[index] = Math.min(bestMs[index]!, performance.now() - beganAtMs)
      }
    }
    return tileCandidates.map((tiles, index) => ({ tiles, windowMs: Number(bestMs[index]!.toFixed(3)) }))
  } finally {
    await Promise.all(pools.map(pool => pool.release()))
  }
}
