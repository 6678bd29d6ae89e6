/** Tensors, models and expectations the session tests share. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import type { Feeds, TensorLike } from '../../lib/session'
import { root } from '../support/environment'

/** test/fixtures/onnx/make_models.py says what each model computes. */
export type ModelName =
  'add' | 'two-outputs' | 'types' | 'text' | 'dynamic-batch' | 'scalar' | 'gather' | 'slow'

export function modelPath(name: ModelName): string {
  return join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)
}

export function float32(dims: readonly number[], values: Iterable<number>): TensorLike {
  return { type: 'float32', dims, data: Float32Array.from(values) }
}

export const addFeeds: Feeds = {
  a: float32([2, 3], [1, 2, 3, 4, 5, 6]),
  b: float32([2, 3], [10, 20, 30, 40, 50, 60]),
}
export const addResult = [11, 22, 33, 44, 55, 66]

/** About 0.3 ms of computing a round, on one core with nothing else to do; `y` is x + 1 / 256. */
export function slowFeeds({ rounds, x = 0 }: { rounds: number; x?: number }): Feeds {
  return {
    x: float32([1], [x]),
    rounds: { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(rounds)) },
  }
}

/** More rounds than any test waits for. */
export const ENDLESS = 1_000_000_000

/** Waits for the rejection and asserts its code; a promise that resolves, or throws instead of rejecting, fails. */
export async function rejection(
  promise: Promise<unknown>,
  code: string,
): Promise<Error & { detail: object }> {
  let outcome: unknown
  try {
    outcome = await promise
  } catch (error) {
    expect(errorCode(error), String(error)).to.equal(code)
    expect(error).to.be.instanceOf(Error)
    return error as Error & { detail: object }
  }
  throw new Error(`expected a rejection with ${code}, found ${JSON.stringify(outcome)}`)
}

export async function until(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const startedAtMs = performance.now()
  while (!condition()) {
    if (performance.now() - startedAtMs > timeoutMs) throw new Error(`still waiting for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Process ids of the children of `parent` of isolation `process`, from /proc; zombies do not count. */
export function workerProcesses(parent = process.pid): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        // "pid (name) state parent ...": the name may hold anything, also blanks.
        const [state, parentPid] = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return state !== 'Z' && Number(parentPid) === parent && command.includes('ort-child')
      } catch {
        return false
      }
    })
}

export function threadCount(): number {
  return readdirSync('/proc/self/task').length
}
