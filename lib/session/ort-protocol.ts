/** What a CPU session and its worker thread say to each other; between processes the same passes through `ort-child`. */
import { transferList } from './packed-tensor'
import type { PackedTensors } from './packed-tensor'
import type { TensorMetadata } from './tensor'

export type GraphOptimization = 'disabled' | 'basic' | 'extended' | 'all'

export interface LoadRequest {
  readonly kind: 'load'
  readonly model: string | ArrayBuffer
  readonly threads: number
  readonly graphOptimization: GraphOptimization
  readonly memory: 'planned' | 'as needed'
}

export interface RunRequest {
  readonly kind: 'run'
  readonly id: number
  readonly feeds: PackedTensors
  readonly fetches: readonly string[]
}

/** What a request hands over instead of copying, where memory can be handed over. */
export function requestTransfer(request: Request): ArrayBuffer[] {
  if (request.kind === 'run') return transferList(request.feeds)
  return request.kind === 'load' && typeof request.model === 'object' ? [request.model] : []
}

/** Every `run` gets one reply; a `drop` that comes too late changes nothing. */
export type Request =
  LoadRequest | RunRequest | { readonly kind: 'drop'; readonly id: number } | { readonly kind: 'close' }

export type Reply =
  | {
      readonly kind: 'ready'
      readonly inputs: readonly TensorMetadata[]
      readonly outputs: readonly TensorMetadata[]
    }
  | {
      readonly kind: 'unusable'
      readonly code: 'CPU_BACKEND_MISSING'
      readonly reason: string
      /** Whether onnxruntime-node is there at all. */
      readonly installed: boolean
    }
  | { readonly kind: 'unusable'; readonly code: 'MODEL_INVALID'; readonly reason: string }
  | {
      readonly kind: 'result'
      readonly id: number
      readonly outputs: PackedTensors
      readonly executeMs: number
      readonly executeAtMs: number
    }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string }
  | { readonly kind: 'dropped'; readonly id: number }

/** One way of running `ort-worker` beside the caller. */
export interface Transport {
  /** Replaces the listener. The first one must be set before control returns to the event loop. */
  listen(onReply: (reply: Reply) => void): void
  post(request: Request): void
  /** Whether this worker keeps the caller's process alive. */
  setKeepAlive(state: 'needed' | 'not needed'): void
  /** Ends a busy worker at once; undefined where only the end of the process could. */
  readonly kill: (() => void) | undefined
  /** How the worker ended. Never rejects. */
  readonly ended: Promise<string>
}
