/** Inputs that nobody recorded: a model's time hardly depends on what it computes. */
import { randomFillSync } from 'node:crypto'
import type { TensorData, TensorType } from '../session'
import { unpackTensor } from '../session/packed-tensor'
import { elementCount } from '../session/tensor'
import { bytesPerElement } from './element-bytes'
import type { RequestSource } from './requests'
import type { InputShape } from './shapes'

export type PureData = 'zero' | 'random'

/** One request of made-up data; `random` fills floating-point inputs from [0, 1) and all others with random bytes. */
export function madeUpRequest(shapes: readonly InputShape[], data: PureData): RequestSource {
  const feeds = Object.fromEntries(
    shapes.map(({ input, dims }) => [
      input.name,
      { type: input.type, dims, data: madeUp(input.type, dims, data) },
    ]),
  )
  return {
    count: 1,
    samplesPerRequest: 1,
    isDivisible: false,
    at: async () => Promise.resolve({ index: 0, feeds, samples: [] }),
  }
}

function madeUp(type: TensorType, dims: readonly number[], data: PureData): TensorData {
  const elements = elementCount(type, dims)
  if (data === 'random' && (type === 'float32' || type === 'float64')) {
    const array = type === 'float32' ? new Float32Array(elements) : new Float64Array(elements)
    return array.map(() => Math.random())
  }
  const bytes = new Uint8Array(elements * bytesPerElement(type))
  if (data === 'random') {
    // A crypto call takes at most 2 GiB.
    for (let at = 0; at < bytes.length; at += 2 ** 30)
      randomFillSync(bytes, at, Math.min(2 ** 30, bytes.length - at))
    // Half precision: with two exponent bits clear numbers are below 1, and none is NaN; truth values are 0 or 1.
    if (type === 'float16') for (let at = 1; at < bytes.length; at += 2) bytes[at]! &= 0x3b
    if (type === 'bool') for (let at = 0; at < bytes.length; at += 1) bytes[at]! &= 1
  }
  return unpackTensor({ type, dims, data: bytes.buffer }).data
}
