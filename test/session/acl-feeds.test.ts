/** Inputs that are not what they say: whatever JavaScript does to an array, native code reads its memory and no other. */
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { AclSession, OrtSession } from '../../lib/session'
import type { Feeds, Session } from '../../lib/session'
import { loadAddon } from '../../lib/session/binding'
import type { NativeEvent, NativeSession } from '../../lib/session/binding'
import { simulatedNpu } from '../support/native'
import { addFeeds, addResult, modelPath, rejection, until } from './support'

const dims = [2, 3]
const b = addFeeds['b']!

function detach(data: ArrayBufferView): void {
  structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] })
}

/** Six numbers whose properties say something else. */
function lying(properties: Readonly<Record<string, unknown>>, length = 6): Float32Array {
  const data = Float32Array.from({ length }, (_, index) => index + 1)
  for (const [name, value] of Object.entries(properties)) Object.defineProperty(data, name, { value })
  return data
}

const tensor = (data: unknown): unknown => ({ type: 'float32', dims, data })

/** Answers `first` the first time it is asked, and `later` from then on. */
function fickle<T>(first: T, later: T): () => T {
  let asked = 0
  return () => (asked++ === 0 ? first : later)
}

describe('inputs that are not what they say', () => {
  const npu = simulatedNpu()

  const backEnds: readonly [string, () => Promise<Session>][] = [
    [
      'an NPU',
      async () => AclSession.create(npu.models.compile(modelPath('add')), { libraryPath: npu.libraryPath }),
    ],
    ['the CPU', async () => OrtSession.create(modelPath('add'), { threads: 1 })],
  ]
  for (const [name, open] of backEnds) {
    describe(`to a session on ${name}`, () => {
      const refused: readonly [string, () => unknown, string][] = [
        ['a length that says more', () => ({ a: tensor(lying({ length: 6 }, 2)), b }), 'INPUT_SHAPE'],
        ['a length that says less', () => ({ a: tensor(lying({ length: 6 }, 600)), b }), 'INPUT_SHAPE'],
        [
          'all of them saying more',
          () => ({ a: tensor(lying({ length: 6, byteLength: 24, byteOffset: 0 }, 2)), b }),
          'INPUT_SHAPE',
        ],
        [
          'a getter of another input that detaches them',
          () => {
            const data = new Float32Array(6)
            return {
              a: tensor(data),
              b: {
                ...b,
                get data() {
                  detach(data)
                  return b.data
                },
              },
            }
          },
          'INPUT_TYPE',
        ],
        [
          'a getter of feeds that detaches them',
          () => {
            const data = new Float32Array(6)
            return {
              a: tensor(data),
              get b() {
                detach(data)
                return b
              },
            }
          },
          'INPUT_TYPE',
        ],
        [
          'dimensions whose getter detaches them',
          () => {
            const data = new Float32Array(6)
            const given = Object.defineProperty([2, 3], 1, {
              get: () => {
                detach(data)
                return 3
              },
            })
            return { a: { type: 'float32', dims: given, data }, b }
          },
          'INPUT_TYPE',
        ],
        [
          'a billion dimensions',
          () => ({ a: { type: 'float32', dims: new Array<number>(1e9), data: new Float32Array(6) }, b }),
          'INPUT_SHAPE',
        ],
      ]
      for (const [what, feeds, code] of refused) {
        it(`are refused: ${what}`, async () => {
          await using session = await open()
          await rejection(session.run(feeds() as Feeds), code)
          const { sum } = await session.run(addFeeds)
          expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
        })
      }

      it('count as what they are, where only their properties are wrong', async () => {
        await using session = await open()
        const other = new Float32Array(600).fill(1000)
        for (const properties of [
          { byteLength: 2400 },
          { byteLength: 4, byteOffset: 8 },
          { buffer: other.buffer, byteLength: 2400 },
          { length: 600 },
        ]) {
          const { sum } = await session.run({ a: tensor(lying(properties)), b } as Feeds)
          expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
        }
      })

      it('are read once: what a getter answers later does not matter', async () => {
        await using session = await open()
        const type = fickle<unknown>('float32', 'float64')
        const shape = fickle<unknown>(dims, [60, 30])
        const data = fickle<unknown>(addFeeds['a']!.data, new Float32Array(1800))
        const size = fickle<unknown>(2, 2e6)
        const changing = Object.defineProperty([2, 3], 0, { get: size })
        const first = {
          get type() {
            return type()
          },
          get dims() {
            return shape()
          },
          get data() {
            return data()
          },
        }
        const { sum } = await session.run({ a: first, b: { ...b, dims: changing } } as Feeds)
        expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
        expect(sum!.dims).to.deep.equal(dims)
      })
    })
  }

  describe('to the add-on itself', () => {
    const events: NativeEvent[] = []
    const results: [number, readonly (ArrayBuffer | undefined)[]][] = []
    let native: NativeSession
    const opened = async (om: string): Promise<void> => {
      const { Session: Native } = loadAddon()
      native = new Native({
        library: npu.libraryPath,
        device: 0,
        model: om,
        outputBytes: {},
        exitWaitMs: 5000,
      })
      events.length = 0
      results.length = 0
      native.onEvent = event => events.push(event)
      native.onResult = (id, data) => results.push([id, data])
      await until(() => events.length > 0, 'the model')
      expect(events[0]!.kind).to.equal('opened')
    }
    const closed = async (): Promise<void> => {
      native.close()
      await until(() => events.some(({ kind }) => kind === 'closed'), 'the end')
    }
    const code = (
      inputs: readonly unknown[],
      given: readonly number[][] = [],
      gear = 0,
      fetches = [0],
    ): unknown => {
      try {
        return native.run(1, gear, inputs as Uint8Array[], given, fetches, 0)
      } catch (error) {
        return errorCode(error)
      }
    }
    const bytes = (size: number): Uint8Array => new Uint8Array(size)

    it('are refused unless their bytes fill the shapes', async () => {
      await opened(npu.models.compile(modelPath('add')))
      const detached = bytes(24)
      detach(detached)
      for (const inputs of [
        [bytes(24), bytes(23)],
        [bytes(24), bytes(25)],
        [bytes(0), bytes(24)],
        [detached, bytes(24)],
        [bytes(24)],
        [bytes(24), bytes(24), bytes(24)],
        [new Float32Array(6), bytes(24)],
        [{ byteLength: 24 }, bytes(24)],
        [undefined, bytes(24)],
        [Object.defineProperty(bytes(8), 'byteLength', { value: 24 }), bytes(24)],
      ]) {
        expect(code(inputs)).to.equal('INPUT_TYPE')
      }
      expect(code([bytes(24), bytes(24)], [], 0, [1])).to.equal('INPUT_TYPE')
      expect(code([bytes(24), bytes(24)])).to.equal(true)
      await until(() => results.length > 0, 'the result')
      await closed()
    })

    it('are refused unless their bytes fill the gear that is asked for', async () => {
      const shape = '--input_shape=left:-1,3;right:-1,3'
      await opened(npu.models.compile(modelPath('dynamic-batch'), [shape, '--dynamic_batch_size=1,4']))
      expect(code([bytes(12), bytes(12)], [], 1)).to.equal('INPUT_TYPE')
      expect(code([bytes(48), bytes(48)], [], 2)).to.equal('INPUT_TYPE')
      expect(code([bytes(48), bytes(48)], [], 1)).to.equal(true)
      await closed()
    })

    it('are refused unless their bytes fill the shapes that come with them, where shapes are open', async () => {
      await opened(npu.models.compile(modelPath('dynamic-batch'), ['--input_shape=left:-1,3;right:-1,3']))
      for (const given of [
        [],
        [[2, 3]],
        [
          [2, 3],
          [1, 3],
        ],
        [
          [-2, -3],
          [2, 3],
        ],
        [
          [2 ** 40, 2 ** 40],
          [2, 3],
        ],
      ]) {
        expect(code([bytes(24), bytes(24)], given)).to.equal('INPUT_TYPE')
      }
      expect(
        code(
          [bytes(24), bytes(24)],
          [
            [2, 3],
            [2, 3],
          ],
        ),
      ).to.equal(true)
      await closed()
    })
  })
})
