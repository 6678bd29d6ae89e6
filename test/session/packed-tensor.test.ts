/** Whose memory a run's inputs wait in. */
import { expect } from 'chai'
import { checkFeeds } from '../../lib/session/feeds'
import { packFeeds, unpackTensors } from '../../lib/session/packed-tensor'
import type { TensorMetadata } from '../../lib/session'

const inputs = [
  { name: 'x', isTensor: true, type: 'float32', shape: [3] },
] as unknown as readonly TensorMetadata[]
const checked = (data: Float32Array) => checkFeeds({ x: { type: 'float32', dims: [3], data } }, inputs)
const values = (packed: ReturnType<typeof packFeeds>) => [
  ...(unpackTensors(packed)['x']!.data as Float32Array),
]

describe('inputs that wait for a session', () => {
  it('are copied while they are borrowed', () => {
    const data = Float32Array.of(1, 2, 3)
    const packed = packFeeds(checked(data))
    data.fill(0)
    expect(values(packed)).to.deep.equal([1, 2, 3])
  })

  it('stay where they are when they were given away', () => {
    const data = Float32Array.of(1, 2, 3)
    expect(packFeeds(checked(data), 'given away')['x']!.data).to.equal(data.buffer)
  })

  it('are copied all the same where the buffer holds more, or is shared', () => {
    const part = Float32Array.of(0, 1, 2, 3, 4).subarray(1, 4)
    const shared = new Float32Array(new SharedArrayBuffer(12))
    shared.set([1, 2, 3])
    for (const data of [part, shared]) {
      const packed = packFeeds(checked(data), 'given away')
      expect(packed['x']!.data).to.not.equal(data.buffer)
      data.fill(0)
      expect(values(packed)).to.deep.equal([1, 2, 3])
    }
  })
})
