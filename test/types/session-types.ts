/** Compiled by `npm run typecheck`, never run: what must stay true between our session types and onnxruntime's. */
// What onnxruntime-node exports are onnxruntime-common's own declarations; that package need not be named.
import type * as Ort from 'onnxruntime-node'
import type { InferenceSession, Tensor, TypedTensor as OrtTypedTensor } from 'onnxruntime-node'
import { registerAscendBackend } from '../../lib/onnxruntime'
import type { AscendProviderOptions } from '../../lib/onnxruntime'
import type {
  AclSession,
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
  Assignable<OrtTypedTensor<'float32'>, TensorLike>,
  Assignable<OrtTypedTensor<'int64'>, TensorLike>,
  Assignable<Record<string, Tensor>, Feeds>,
  Assignable<Outputs, Readonly<Record<string, { type: string; dims: readonly number[]; data: unknown }>>>,
  Assignable<TensorMetadata, InferenceSession.ValueMetadata>,
  Assignable<InferenceSession, RunsLikeOnnxruntime>,
  Assignable<Session, RunsLikeOnnxruntime>,
  Assignable<AclSession, Session>,
  Assignable<OrtSession, Session>,
  Assignable<SessionPool, Session>,
]

/** One function for both, written against onnxruntime's declarations alone. */
export async function firstOutput(session: RunsLikeOnnxruntime, input: Tensor): Promise<unknown> {
  const [inputName = '', outputName = ''] = [session.inputNames[0], session.outputNames[0]]
  const outputs = await session.run({ [inputName]: input }, [outputName])
  await session.release()
  return outputs[outputName]?.data
}

export function takesBoth(theirs: InferenceSession, ours: Session, input: Tensor): Promise<unknown>[] {
  return [firstOutput(theirs, input), firstOutput(ours, input)]
}

export function onTheNpu(ort: typeof Ort): Promise<InferenceSession> {
  registerAscendBackend({ ort })
  const second: AscendProviderOptions = { name: 'ascend', deviceId: 1, queueLimit: 8, runTimeoutMs: 5000 }
  return ort.InferenceSession.create('model.om', { executionProviders: [second] })
}

export const mistakes = [
  // @ts-expect-error not onnxruntime's name of the type
  (session: Session) => session.run({ x: { type: 'float', dims: [1], data: new Float32Array(1) } }),
  // @ts-expect-error numbers are not elements of a tensor
  (session: Session) => session.run({ x: { type: 'float32', dims: [1], data: [1] } }),
  // @ts-expect-error a shape is needed
  (session: Session) => session.run({ x: { type: 'float32', data: new Float32Array(1) } }),
  // @ts-expect-error a tensor, not feeds
  (session: Session, tensor: Tensor) => session.run(tensor),
  // @ts-expect-error names of outputs, not memory for them, which only onnxruntime's own run() takes
  (session: Session, feeds: Feeds, tensor: Tensor) => session.run(feeds, { y: tensor }),
  // @ts-expect-error outputs are read only
  (outputs: Outputs, output: Outputs['y']) => (outputs['y'] = output),
  // @ts-expect-error there may be no output of that name
  (outputs: Outputs): Float32Array => outputs['y'].data,
  // @ts-expect-error ours has no profiling, and more that theirs has not
  (session: Session): InferenceSession => session,
  // @ts-expect-error theirs tells no device and no stats
  (session: InferenceSession): Session => session,
  // @ts-expect-error something that has no registry
  () => registerAscendBackend({ ort: {} }),
  // @ts-expect-error a misspelt option
  () => registerAscendBackend({ onnxruntime: {} }),
  // @ts-expect-error the provider of another device
  (): AscendProviderOptions => ({ name: 'cpu' }),
  // @ts-expect-error an AclSession's name for it
  (): AscendProviderOptions => ({ name: 'ascend', device: 1 }),
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
