/** onnxruntime's options of sessions and runs, and what becomes of each (docs/usage.md has the table). */
import { ArgumentTypeError, assertKnownOptions } from '../errors'
import { checkTimeout, isPlainObject, shown } from '../session/arguments'
import type { AclSessionOptions } from '../session/acl-options'
import type { RunOptions } from '../session/session'

export const backendName = 'ascend'

/** An entry of `executionProviders`; the word `'ascend'` alone takes all defaults. */
export interface AscendProviderOptions extends Omit<AclSessionOptions, 'device'> {
  readonly name: 'ascend'
  /** The NPU, from 0; default 0. */
  readonly deviceId?: number
  /** Milliseconds for waiting and running of each run that says nothing else; then `RUN_TIMEOUT`. Default: no limit. */
  readonly runTimeoutMs?: number
}

/** What `session.run` takes beside onnxruntime's own options. */
export type AscendRunOptions = RunOptions

export interface SessionSettings {
  readonly acl: AclSessionOptions
  readonly runTimeoutMs: number | undefined
}

const providerOptionNames = [
  'name',
  'deviceId',
  'libraryPath',
  'queueLimit',
  'exitWaitMs',
  'outputBytes',
  'signal',
  'runTimeoutMs',
] as const satisfies readonly (keyof AscendProviderOptions)[]

/** They tune onnxruntime's computing on the host, or its log. */
const ignoredOptions = [
  'intraOpNumThreads',
  'interOpNumThreads',
  'graphOptimizationLevel',
  'enableCpuMemArena',
  'enableMemPattern',
  'executionMode',
  'logId',
  'logSeverityLevel',
  'logVerbosityLevel',
  'profileFilePrefix',
  'extra',
]

const isTrue = (value: unknown): boolean => value === true
const hasEntries = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0
const isElsewhere = (value: unknown): boolean =>
  isPlainObject(value) ? Object.values(value).some(isElsewhere) : value !== 'cpu'

/** They ask for something that would not happen. */
const refusedOptions: Readonly<Record<string, readonly [asks: (value: unknown) => boolean, why: string]>> = {
  enableProfiling: [isTrue, 'onnxruntime does not see what runs on the NPU; use msprof of CANN'],
  enableGraphCapture: [isTrue, 'an offline model is one graph already'],
  optimizedModelFilePath: [value => value !== '', 'an offline model is optimised by atc'],
  freeDimensionOverrides: [hasEntries, 'the shapes of an offline model are chosen when atc compiles it'],
  preferredOutputLocation: [isElsewhere, 'outputs are in host memory ("cpu")'],
  externalData: [hasEntries, 'an offline model finds its external weights beside its file'],
}

const refusedRunOptions: typeof refusedOptions = {
  terminate: [isTrue, 'a run on the NPU cannot be stopped; give a signal or timeoutMs'],
}

function refuse(options: Readonly<Record<string, unknown>>, rules: typeof refusedOptions): void {
  for (const [option, [asks, why]] of Object.entries(rules)) {
    const value = options[option]
    if (value === undefined || !asks(value)) continue
    throw new ArgumentTypeError(
      `${option}: ${shown(value)} cannot be done by the back end "${backendName}": ${why}`,
      { option },
    )
  }
}

function providerOf(providers: unknown): Readonly<Record<string, unknown>> {
  const [provider, ...others] = Array.isArray(providers) ? (providers as unknown[]) : []
  if (others.length > 0) {
    throw new ArgumentTypeError(
      `executionProviders names "${backendName}" ${others.length + 1} times; one session is on one NPU`,
      { option: 'executionProviders' },
    )
  }
  if (provider === undefined || typeof provider === 'string') return {}
  assertKnownOptions(provider, providerOptionNames, `the execution provider "${backendName}"`)
  return provider as Readonly<Record<string, unknown>>
}

/** @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function checkSessionOptions(given: object): SessionSettings {
  const options = given as Readonly<Record<string, unknown>>
  const known = ['executionProviders', ...ignoredOptions, ...Object.keys(refusedOptions)]
  assertKnownOptions(options, known, `InferenceSession.create() with "${backendName}"`)
  refuse(options, refusedOptions)
  const provider = providerOf(options['executionProviders'])
  const runTimeoutMs = provider['runTimeoutMs']
  const others = Object.entries(provider).filter(
    ([name]) => !['name', 'deviceId', 'runTimeoutMs'].includes(name),
  )
  return {
    acl: { ...Object.fromEntries(others), device: (provider['deviceId'] ?? 0) as number },
    runTimeoutMs: runTimeoutMs === undefined ? undefined : checkTimeout('runTimeoutMs', runTimeoutMs),
  }
}

/** What is onnxruntime's own is taken out; what is left is checked by the session. */
export function runOptionsOf(given: object, runTimeoutMs: number | undefined): RunOptions {
  const options = given as Readonly<Record<string, unknown>>
  const own = ['logSeverityLevel', 'logVerbosityLevel', 'terminate', 'tag', 'extra']
  assertKnownOptions(options, [...own, 'signal', 'timeoutMs'], 'run()')
  refuse(options, refusedRunOptions)
  const { signal, timeoutMs = runTimeoutMs } = options as RunOptions
  return { ...(signal !== undefined && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) }
}
