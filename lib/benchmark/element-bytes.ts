import { SessionError } from '../errors'
import type { TensorType } from '../session'
import { unpackTensor } from '../session/packed-tensor'

/** @throws SessionError `INPUT_TYPE` for text, whose elements have no size */
export function bytesPerElement(type: TensorType): number {
  const { data } = unpackTensor({ type, dims: [0], data: new ArrayBuffer(0) })
  if ('BYTES_PER_ELEMENT' in data) return data.BYTES_PER_ELEMENT
  throw new SessionError('INPUT_TYPE', 'the model takes text, which a benchmark has none of')
}
