import { isMainThread } from 'node:worker_threads'
import { ArgumentTypeError } from '../errors'
import { checkChoice, checkCount, checkOptionKeys, checkSignal } from './arguments'
import { usableCpus } from './cpu-count'
import type { GraphOptimization } from './ort-protocol'

export interface OrtSessionOptions {
  /** Threads one run computes on; default: the CPUs this process may use. */
  readonly threads?: number
  /**
   * `thread`: a worker_thread. `process`: a child process, which a hard `timeoutMs` and a crash of the model's kernels
   * need, at about 1 ms more a run. Default: `thread` on the main thread. In a worker_thread there is only `process`,
   * because terminating a worker_thread whose own nested worker is computing aborts the whole process.
   */
  readonly isolation?: 'thread' | 'process'
  /** Runs that may wait while one computes; default 256. One more rejects with `QUEUE_FULL`. */
  readonly queueLimit?: number
  /** How far onnxruntime rewrites the graph on loading; default `all`. */
  readonly graphOptimization?: GraphOptimization
  /**
   * `planned` (default): one block that holds every map of a run at its busiest. `as needed`: maps come and go, which takes
   * half the memory where a model has large ones and costs a few percent of the time where it has small ones.
   */
  readonly memory?: 'planned' | 'as needed'
  /**
   * Isolation `thread`: how long the exit of the process waits for a run in progress, in milliseconds; default 30,000.
   * Leaving earlier would abort the process, so when the time is up it kills itself (SIGKILL).
   */
  readonly exitWaitMs?: number
  /** Gives up creation; `create` then rejects at once with the signal's reason, and nothing is left behind. */
  readonly signal?: AbortSignal
}

export type OrtSettings = Required<Omit<OrtSessionOptions, 'signal'>> & {
  readonly signal: AbortSignal | undefined
}

export const ortOptionNames = [
  'threads',
  'isolation',
  'queueLimit',
  'graphOptimization',
  'memory',
  'exitWaitMs',
  'signal',
] as const satisfies readonly (keyof OrtSessionOptions)[]

const isolations = ['thread', 'process'] as const
const memoryChoices = ['planned', 'as needed'] as const
const optimizations = ['disabled', 'basic', 'extended', 'all'] as const

function checkIsolation(isolation: unknown): (typeof isolations)[number] {
  const choice = checkChoice('isolation', isolation ?? (isMainThread ? 'thread' : 'process'), isolations)
  if (isMainThread || choice === 'process') return choice
  throw new ArgumentTypeError(
    "isolation 'thread' is not possible in a worker_thread: terminating that worker during a run would abort the whole process; leave isolation out, or use 'process'",
    { option: 'isolation' },
  )
}

/** @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function checkOrtOptions(options: OrtSessionOptions): OrtSettings {
  checkOptionKeys(options, ortOptionNames, 'OrtSession.create()')
  return {
    threads: checkCount('threads', options.threads ?? usableCpus(), { least: 1, most: 1024 }),
    isolation: checkIsolation(options.isolation),
    queueLimit: checkCount('queueLimit', options.queueLimit ?? 256, { least: 0, most: 1_000_000 }),
    graphOptimization: checkChoice('graphOptimization', options.graphOptimization ?? 'all', optimizations),
    memory: checkChoice('memory', options.memory ?? 'planned', memoryChoices),
    exitWaitMs: checkCount('exitWaitMs', options.exitWaitMs ?? 30_000, { least: 0, most: 2 ** 31 - 1 }),
    signal: checkSignal(options.signal),
  }
}
