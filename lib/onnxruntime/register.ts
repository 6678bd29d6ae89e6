import { ArgumentTypeError, assertKnownOptions } from '../errors'
import { findOnnxruntime, onnxruntimeMissing } from '../session/ort-package'
import { disableTelemetry } from '../session/ort-telemetry'
import { createHandler } from './handler'
import { backendName } from './options'

/** Below 0, onnxruntime takes a back end only when it is asked for by name. */
const priority = -1

interface Backend {
  init(): Promise<void>
  createInferenceSessionHandler: typeof createHandler
}

/** What is used of onnxruntime: `import * as ort from 'onnxruntime-node'` is one. */
export interface BackendRegistry {
  registerBackend(name: string, backend: never, priority: number): void
}

export interface RegisterOptions {
  /**
   * The onnxruntime to register with, for programs that have several copies of it; default: the onnxruntime-node that
   * this package finds.
   */
  readonly ort?: BackendRegistry
}

// onnxruntime remembers a failing init() for ever, as text: everything that can fail waits until a model is opened.
const newBackend = (): Backend => ({
  init: () => Promise.resolve(),
  createInferenceSessionHandler: createHandler,
})

/** One for all copies of this package in a thread: onnxruntime refuses a second object of the same name. */
const shared = Symbol.for('aasist-ascend.onnxruntime.backend.1')

function backendOfThread(): Backend {
  const existing = Reflect.get(globalThis, shared) as Backend | undefined
  if (existing !== undefined) return existing
  const backend = newBackend()
  Object.defineProperty(globalThis, shared, { value: backend })
  return backend
}

function isRegistry(ort: unknown): ort is BackendRegistry {
  return (
    typeof ort === 'object' &&
    ort !== null &&
    'registerBackend' in ort &&
    typeof ort.registerBackend === 'function'
  )
}

function installed(): BackendRegistry {
  disableTelemetry()
  const found = findOnnxruntime()
  if ('reason' in found) throw onnxruntimeMissing('registerAscendBackend()', found)
  return found.ort
}

/** onnxruntime keeps what it has under a name with another priority, without a word; with ours, it throws. */
function keepsAnother(ort: BackendRegistry): boolean {
  try {
    ort.registerBackend(backendName, newBackend() as never, priority)
    return true
  } catch {
    return false
  }
}

/**
 * Makes `executionProviders: ['ascend']` known to onnxruntime in this thread, for offline models (`.om`). It is never
 * taken by default. May be called again, also by another copy of this package. Loads no CANN: that, and everything
 * else that can be wrong with it, is told by `InferenceSession.create`.
 *
 * @throws SessionError `CPU_BACKEND_MISSING` when onnxruntime-node is not installed; ArgumentTypeError `INVALID_ARGUMENT`
 * when `ort` is no onnxruntime or has another back end of that name, `UNKNOWN_OPTION`
 * @example
 * ```ts
 * registerAscendBackend()
 * const session = await ort.InferenceSession.create('model.om', {
 *   executionProviders: [{ name: 'ascend', deviceId: 1 } as AscendProviderOptions],
 * })
 * ```
 */
export function registerAscendBackend(options: RegisterOptions = {}): void {
  assertKnownOptions(options, ['ort'], 'registerAscendBackend()')
  const ort: unknown = options.ort === undefined ? installed() : options.ort
  if (!isRegistry(ort)) {
    throw new ArgumentTypeError(
      'ort must be what onnxruntime-node exports (it has registerBackend): import * as ort from "onnxruntime-node"',
      { option: 'ort' },
    )
  }
  let refused: unknown
  try {
    ort.registerBackend(backendName, backendOfThread() as never, priority)
  } catch (error) {
    refused = error
  }
  if (refused === undefined && !keepsAnother(ort)) return
  throw new ArgumentTypeError(
    `onnxruntime has a back end named "${backendName}" already, which is not this package's; leave its registration out, or give another copy of onnxruntime as ort`,
    { option: 'ort', ...(refused instanceof Error && { reason: refused.message }) },
  )
}
