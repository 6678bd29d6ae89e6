import { ArgumentRangeError, ArgumentTypeError } from '../errors'
import { checkCount, checkOptionKeys, checkSignal, isPlainObject, shown } from './arguments'

export interface AclSessionOptions {
  /** Device id, from 0; default 0. */
  readonly device?: number
  /**
   * The AscendCL library, or the folder it is in. Default: `AASIST_ACL_LIBRARY` of the environment, then what the
   * dynamic linker finds, then the places CANN is installed in. A process uses one library.
   */
  readonly libraryPath?: string
  /** Runs that may wait while one computes; default 256. One more rejects with `QUEUE_FULL`. */
  readonly queueLimit?: number
  /**
   * How long `release()` and the exit of the process wait for calls into AscendCL to return, in milliseconds; default
   * 30,000. What has not returned by then is left behind, with a warning: a native call cannot be stopped.
   */
  readonly exitWaitMs?: number
  /**
   * Bytes to set aside for outputs whose size the model leaves open (dynamic shapes without limits), by name. Without
   * it AscendCL allocates them in each run, which is slower and knows no time-out.
   */
  readonly outputBytes?: Readonly<Record<string, number>>
  /** Gives up creation; `create` then rejects at once with the signal's reason. */
  readonly signal?: AbortSignal
}

export type AclSettings = Required<Omit<AclSessionOptions, 'signal'>> & {
  readonly signal: AbortSignal | undefined
}

export const aclOptionNames = [
  'device',
  'libraryPath',
  'queueLimit',
  'exitWaitMs',
  'outputBytes',
  'signal',
] as const satisfies readonly (keyof AclSessionOptions)[]

/** Where AscendCL is, for those who cannot pass an option. */
const libraryVariable = 'AASIST_ACL_LIBRARY'

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
export function checkLibraryPath(libraryPath: unknown): string {
  if (libraryPath === undefined) return process.env[libraryVariable] ?? ''
  if (typeof libraryPath === 'string' && libraryPath !== '') return libraryPath
  throw new ArgumentTypeError(`libraryPath must be a path, found ${shown(libraryPath)}`, {
    option: 'libraryPath',
  })
}

function checkOutputBytes(sizes: unknown): Readonly<Record<string, number>> {
  if (sizes === undefined) return {}
  if (!isPlainObject(sizes)) {
    throw new ArgumentTypeError(
      `outputBytes must be an object of sizes by output name, found ${shown(sizes)}`,
    )
  }
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || (size as number) < 1) {
      throw new ArgumentRangeError(
        `outputBytes of "${name}" must be a whole number from 1 up, found ${shown(size)}`,
        { option: 'outputBytes' },
      )
    }
  }
  return { ...(sizes as Record<string, number>) }
}

/** @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function checkAclOptions(options: AclSessionOptions): AclSettings {
  checkOptionKeys(options, aclOptionNames, 'AclSession.create()')
  return {
    device: checkCount('device', options.device ?? 0, { least: 0, most: 2 ** 31 - 1 }),
    libraryPath: checkLibraryPath(options.libraryPath),
    queueLimit: checkCount('queueLimit', options.queueLimit ?? 256, { least: 0, most: 1_000_000 }),
    exitWaitMs: checkCount('exitWaitMs', options.exitWaitMs ?? 30_000, { least: 0, most: 2 ** 31 - 1 }),
    outputBytes: checkOutputBytes(options.outputBytes),
    signal: checkSignal(options.signal),
  }
}
