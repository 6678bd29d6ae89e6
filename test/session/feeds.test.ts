import { expect } from 'chai'
import fc from 'fast-check'
import { errorCode } from '../../lib/errors'
import type { TensorMetadata, TensorType } from '../../lib/session'
import { checkRunOptions } from '../../lib/session/arguments'
import { checkFeeds, checkFetches } from '../../lib/session/feeds'
import { packFeeds, transferList, unpackTensors } from '../../lib/session/packed-tensor'

function input(type: TensorType, shape: readonly (number | string)[]): TensorMetadata {
  return { name: 'x', isTensor: true, type, shape }
}

/** Values of every kind, and tensors that are almost right. */
const anything = fc.oneof(
  fc.anything({
    withTypedArray: true,
    withBigInt: true,
    withNullPrototype: true,
    withMap: true,
    withDate: true,
  }),
  fc.record(
    {
      type: fc.oneof(fc.constant('float32'), fc.anything()),
      dims: fc.oneof(fc.array(fc.oneof(fc.nat(4), fc.double(), fc.anything())), fc.anything()),
      data: fc.oneof(fc.float32Array({ maxLength: 8 }), fc.anything({ withTypedArray: true })),
    },
    { requiredKeys: [] },
  ),
)

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return 'accepted'
  } catch (error) {
    return errorCode(error)
  }
}

describe('checkFeeds', () => {
  it('accepts or refuses any value with one of its codes', () => {
    const codes = ['accepted', 'INPUT_MISSING', 'INPUT_TYPE', 'INPUT_SHAPE']
    fc.assert(
      fc.property(anything, x => {
        expect(codes).to.include(codeOf(() => checkFeeds({ x }, [input('float32', ['n', 2])])))
      }),
      { numRuns: 500 },
    )
  })

  it('accepts exactly the data that fills the shape', () => {
    const dims = fc.array(fc.nat(5), { maxLength: 4 })
    fc.assert(
      fc.property(dims, fc.integer({ min: -1, max: 1 }), (shape, off) => {
        const size = shape.reduce((product, dim) => product * dim, 1)
        fc.pre(size + off >= 0)
        const x = { type: 'float32', dims: shape, data: new Float32Array(size + off) } as const
        expect(codeOf(() => checkFeeds({ x }, [input('float32', shape)]))).to.equal(
          off === 0 ? 'accepted' : 'INPUT_SHAPE',
        )
      }),
    )
  })

  it('takes two 4-bit elements a byte', () => {
    const x = { type: 'uint4', dims: [5], data: new Uint8Array(3) } as const
    expect(codeOf(() => checkFeeds({ x }, [input('uint4', [5])]))).to.equal('accepted')
  })

  it('is not fooled by a product that overflows', () => {
    const x = { type: 'float32', dims: [2 ** 27, 2 ** 27, 2 ** 27], data: new Float32Array(0) } as const
    expect(codeOf(() => checkFeeds({ x }, [input('float32', ['a', 'b', 'c'])]))).to.equal('INPUT_SHAPE')
  })

  it('leaves dimensions to the back end where the model tells none', () => {
    const x = { type: 'float32', dims: [2, 3], data: new Float32Array(6) } as const
    expect(codeOf(() => checkFeeds({ x }, [input('float32', [])]))).to.equal('accepted')
  })

  it('takes an input named like a member of every object only from the feeds themselves', () => {
    const inputs = [{ ...input('float32', [1]), name: 'toString' }]
    expect(codeOf(() => checkFeeds({}, inputs))).to.equal('INPUT_MISSING')
  })

  it('reads each member of a tensor once', () => {
    const reads: string[] = []
    const x = new Proxy(
      { type: 'float32', dims: [1], data: new Float32Array(1) },
      {
        get(target, key) {
          reads.push(String(key))
          return Reflect.get(target, key) as unknown
        },
      },
    )
    checkFeeds({ x }, [input('float32', [1])])
    expect(reads).to.deep.equal(['type', 'dims', 'data'])
  })
})

describe('packed feeds', () => {
  it('come back as they were, in buffers that may be transferred', () => {
    fc.assert(
      fc.property(fc.float32Array(), data => {
        const x = { type: 'float32', dims: [data.length], data } as const
        const packed = packFeeds(checkFeeds({ x }, [input('float32', ['n'])]))
        const received = structuredClone(packed, { transfer: transferList(packed) })
        expect(unpackTensors(received)['x']).to.deep.equal(x)
        expect(data.length).to.equal(x.dims[0])
      }),
    )
  })
})

describe('checkFetches and checkRunOptions', () => {
  it('accept or refuse any value with one of their codes', () => {
    const codes = ['accepted', 'OUTPUT_UNKNOWN', 'INVALID_ARGUMENT', 'UNKNOWN_OPTION']
    fc.assert(
      fc.property(fc.anything(), value => {
        expect(codes).to.include(codeOf(() => checkFetches(value, ['y'])))
        expect(codes).to.include(codeOf(() => checkRunOptions(value)))
        expect(codes).to.include(codeOf(() => checkRunOptions({ timeoutMs: value })))
        expect(codes).to.include(codeOf(() => checkRunOptions({ signal: value })))
      }),
    )
  })

  it('name each output once', () => {
    expect(checkFetches(['y', 'z', 'y'], ['x', 'y', 'z'])).to.deep.equal(['y', 'z'])
  })
})
