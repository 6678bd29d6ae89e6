/** Compiled by `npm run typecheck`, never run: what must stay true between our session types and onnxruntime's. */
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type {
  Feeds,
  OrtSession,
  Outputs,
  Session,
  SessionPool,
  TensorLike,
  TensorMetadata,
} from '../../lib/session'

type Assignable<From extends To, To> = [From, To]

/** A function that knows onnxruntime only. */
interface RunsLikeOnnxruntime {
  inputNames: readonly string[]
  outputNames: readonly string[]
  run(
    feeds: Record<string, Tensor>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, { type: string; dims: readonly number[]; data: unknown }>>>
  release(): Promise<void>
}

export type Checks = [
  Assignable<Tensor, TensorLike>,
  Assignable<Record<string, Tensor>, Feeds>,
  Assignable<Outputs, Readonly<Record<string, { type: string; dims: readonly number[]; data: unknown }>>>,
  Assignable<TensorMetadata, InferenceSession.ValueMetadata>,
  Assignable<InferenceSession, RunsLikeOnnxruntime>,
  Assignable<Session, RunsLikeOnnxruntime>,
  Assignable<OrtSession, Session>,
  Assignable<SessionPool, Session>,
]

/** The type of an output tells the type of its data. */
export function samples(outputs: Outputs): Float32Array | undefined {
  const logits = outputs['logits']
  return logits?.type === 'float32' ? logits.data : undefined
}

/** Literal feeds need no helper and no annotation. */
export function feedLiteral(session: Session): Promise<Outputs> {
  return session.run({ wave: { type: 'float32', dims: [1, 4], data: new Float32Array(4) } }, ['logits'], {
    signal: AbortSignal.timeout(1000),
    timeoutMs: 1000,
  })
}
