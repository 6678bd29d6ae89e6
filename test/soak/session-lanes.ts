/** Sessions that come and go, with runs that end, are given up, take too long, are refused, and fail by faults. */
import type * as Package from '../../lib'
import { type Tally, GIVEN_UP } from './tally'

export interface Surroundings {
  readonly tally: Tally
  readonly library: string
  /** Paths of models, whose meaning is in test/fixtures/onnx/make_models.py. */
  readonly add: { readonly onnx: string; readonly om: string }
  readonly slow: { readonly onnx: string; readonly om: string }
}

/** What a session on an NPU may say where calls and tasks of AscendCL fail. */
export const npuCodes = [
  'RUN_FAILED',
  'RUN_TIMEOUT',
  'SESSION_FAULTED',
  'ACL_DEVICE_FAULT',
  'ACL_OUT_OF_MEMORY',
  'ACL_RUNTIME',
] as const
const openCodes = [...npuCodes, 'MODEL_INVALID', 'ACL_NO_DEVICE', 'given up']

const tensor = (dims: readonly number[], data: Float32Array) => ({ type: 'float32', dims, data }) as const
const slowFeeds = (rounds: number) => ({
  x: tensor([1], Float32Array.of(0)),
  rounds: { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(rounds)) } as const,
})

/** Sums of numbers that differ from run to run, so that a result of another run is a wrong one. */
async function addRun(
  session: Package.Session,
  lane: string,
  {
    tally,
    codes,
    seed,
    timeoutMs,
  }: { tally: Tally; codes: readonly string[]; seed: number; timeoutMs: number },
): Promise<void> {
  const a = Float32Array.from({ length: 6 }, (_, index) => (seed + index) % 1000)
  const b = Float32Array.from({ length: 6 }, (_, index) => (seed * 7 + index) % 1000)
  const outputs = await tally.attempt(lane, codes, () =>
    session.run({ a: tensor([2, 3], a), b: tensor([2, 3], b) }, undefined, { timeoutMs }),
  )
  if (outputs === undefined) return
  const expected = Array.from(a, (value, index) => value + b[index]!)
  tally.compare(lane, outputs['sum']!.data as Float32Array, expected)
}

/** One life: 40 runs, some at once, one with inputs that are none, one given up; then released, sometimes during runs. */
async function lifeOf(
  session: Package.Session,
  lane: string,
  { tally, codes, count }: { tally: Tally; codes: readonly string[]; count: number },
): Promise<void> {
  const within = { tally, timeoutMs: 5000 }
  for (let burst = 0; burst < 5; burst++) {
    const runs = Array.from({ length: 8 }, (_, index) =>
      addRun(session, lane, { ...within, codes, seed: count * 40 + burst * 8 + index }),
    )
    await Promise.all(runs)
  }
  await tally.attempt(lane, ['INPUT_MISSING', 'SESSION_FAULTED'], () => session.run({}))
  const wrongShape = tensor([3, 2], new Float32Array(6))
  await tally.attempt(lane, ['INPUT_SHAPE', 'SESSION_FAULTED'], () =>
    session.run({ a: wrongShape, b: wrongShape }),
  )
  const last = Array.from({ length: 4 }, (_, seed) =>
    addRun(session, lane, { ...within, codes: [...codes, 'SESSION_RELEASED'], seed }),
  )
  if (count % 2 === 0) await Promise.all(last)
  await session.release()
  await Promise.all(last)
}

/** A run given up, and one that takes longer than it may; `rounds` of 0.3 ms. */
async function lateRuns(
  session: Package.Session,
  lane: string,
  { tally, codes, rounds }: { tally: Tally; codes: readonly string[]; rounds: number },
): Promise<void> {
  const controller = new AbortController()
  const given = tally.attempt(lane, [...codes, 'given up'], () =>
    session.run(slowFeeds(rounds), undefined, { signal: controller.signal, timeoutMs: 5000 }),
  )
  setTimeout(() => controller.abort(GIVEN_UP), 5)
  await given
  await tally.attempt(lane, [...codes, 'RUN_TIMEOUT'], () =>
    session.run(slowFeeds(rounds), undefined, { timeoutMs: 10 }),
  )
  await session.release()
}

/** On the CPU nothing fails of itself: after a run past its time a session in a process is faulted, no more. */
export async function cpuRound(
  { OrtSession }: typeof Package,
  isolation: 'thread' | 'process',
  { tally, add, slow }: Surroundings,
  count: number,
): Promise<void> {
  const name = `cpu ${isolation}`
  const session = await OrtSession.create(add.onnx, { isolation, threads: 1 })
  await lifeOf(session, name, { tally, codes: [], count })
  const late = await OrtSession.create(slow.onnx, { isolation, threads: 1 })
  await lateRuns(late, name, { tally, codes: ['SESSION_FAULTED'], rounds: 200 })
  await tally.attempt(name, ['given up'], () =>
    OrtSession.create(slow.onnx, { isolation, signal: AbortSignal.timeout(1) }).catch((error: unknown) => {
      throw error instanceof DOMException && error.name === 'TimeoutError' ? GIVEN_UP : error
    }),
  )
}

export async function npuRound(
  { AclSession }: typeof Package,
  { tally, add, slow, library }: Surroundings,
  count: number,
): Promise<void> {
  const name = 'npu'
  const device = count % 4
  const session = await tally.attempt(name, openCodes, () =>
    AclSession.create(add.om, { device, libraryPath: library }),
  )
  if (session !== undefined) await lifeOf(session, name, { tally, codes: npuCodes, count })
  const late = await tally.attempt(name, openCodes, () =>
    AclSession.create(slow.om, { device, libraryPath: library }),
  )
  if (late !== undefined) await lateRuns(late, name, { tally, codes: npuCodes, rounds: 100 })
  const bytes = new Uint8Array(1000).fill(count)
  await tally.attempt(name, openCodes, async () => {
    await (await AclSession.create(bytes, { device, libraryPath: library })).release()
    tally.mistake(name, 'took bytes that are no model')
  })
}

/** Four NPUs, and every other time the CPU beside them. */
export async function poolRound(
  { createPool }: typeof Package,
  { tally, add, library }: Surroundings,
  count: number,
): Promise<void> {
  const both = count % 2 === 1
  const name = both ? 'pool npu+cpu' : 'pool npu'
  const pool = await tally.attempt(name, openCodes, () =>
    both
      ? createPool(add, { device: 'npu+cpu', sessions: 1, libraryPath: library, runTimeoutMs: 5000 })
      : createPool(add.om, { device: [0, 1, 2, 3], libraryPath: library, runTimeoutMs: 5000 }),
  )
  if (pool !== undefined) await lifeOf(pool, name, { tally, codes: npuCodes, count })
}
