/** What the reader makes of honest files, against values that PyTorch read (scripts/reference/make-fixtures.py). */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { deflateSync } from 'fflate'
import { readCheckpoint, type Checkpoint } from '../../lib/model/checkpoint/checkpoint'
import { referenceData, root } from '../support/environment'
import {
  checkpointFile,
  float32Bytes,
  joinBytes,
  oneTensorFile,
  pickle,
  stateDictFile,
  zipFile,
  type Bytes,
} from './checkpoint-files'

const fixtures = join(root, 'test', 'fixtures', 'checkpoints')
const demo = join(root, 'models', 'demo', 'aasist-l-demo.pth')

type Digests = Record<string, { dtype: string; shape: number[]; sha256: string }>
type Formats = Record<string, { shape: number[]; float32Bits?: number[]; int64?: string[] }>

function fixtureJson(name: string): unknown {
  return JSON.parse(readFileSync(join(fixtures, name), 'utf8'))
}

/** Parameters that training changes: everything but BatchNorm's statistics and counters. */
function trainableCount(checkpoint: Checkpoint): number {
  let count = 0
  for (const [name, { data }] of checkpoint) {
    if (!/running_(mean|var)$|num_batches_tracked$/.test(name)) count += data.length
  }
  return count
}

function valuesOf(checkpoint: Checkpoint, name = 'weight'): number[] {
  return [...checkpoint.get(name)!.data].map(Number)
}

const four = pickle.storage('FloatStorage', '0', 4)
const weight = pickle.tensor({ storage: four, shape: [4] })
const storages = { 0: float32Bytes([1, 2, 3, 4]) }

function fileOf(top: Bytes): Uint8Array {
  return checkpointFile(pickle.program(top), storages)
}

describe('readCheckpoint', () => {
  it('gives every tensor of the demo checkpoint as PyTorch gives it, in its order', () => {
    const checkpoint = readCheckpoint(readFileSync(demo))
    const digests = fixtureJson('aasist-l-demo.digests.json') as Digests
    expect([...checkpoint.keys()]).to.deep.equal(Object.keys(digests))
    for (const [name, { dtype, shape, data }] of checkpoint) {
      const sha256 = createHash('sha256').update(data).digest('hex')
      expect({ dtype, shape, sha256 }, name).to.deep.equal(digests[name])
    }
    expect(trainableCount(checkpoint)).to.equal(85_306)
  })

  it('reads the official AASIST-L weights, saved from a GPU by an older PyTorch', function () {
    const checkpoint = readCheckpoint(readFileSync(join(referenceData(this), 'checkpoints', 'AASIST-L.pth')))
    expect(checkpoint.size).to.equal(229)
    expect(trainableCount(checkpoint)).to.equal(85_306)
  })

  for (const name of ['formats.pth', 'formats-protocol4.pth']) {
    it(`reads every width, layout and wrapping that PyTorch wrote into ${name}`, () => {
      const checkpoint = readCheckpoint(readFileSync(join(fixtures, name)))
      const expected = fixtureJson('formats.json') as Formats
      const found = [...checkpoint].map(([tensor, { shape, data }]) => [
        tensor,
        data instanceof Float32Array
          ? { shape, float32Bits: [...new Int32Array(data.buffer, data.byteOffset, data.length)] }
          : { shape, int64: [...data].map(String) },
      ])
      expect(Object.fromEntries(found)).to.deep.equal(expected)
    })
  }

  it('reads scalars of BatchNorm as int64 without dimensions', () => {
    const checkpoint = readCheckpoint(readFileSync(join(fixtures, 'tiny-random.pth')))
    expect(checkpoint.get('first_bn.num_batches_tracked')).to.deep.equal({
      dtype: 'int64',
      shape: [],
      data: BigInt64Array.of(1001n),
    })
  })

  it('gives tensors that are not tied to the bytes they were read from', () => {
    const bytes = oneTensorFile({})
    const checkpoint = readCheckpoint(bytes)
    bytes.fill(0)
    expect(valuesOf(checkpoint)).to.deep.equal([1, 2, 3, 4])
  })

  it('reads bytes that are a part of a larger buffer', () => {
    const bytes = oneTensorFile({})
    const larger = joinBytes('odd', bytes, 'tail')
    expect(valuesOf(readCheckpoint(larger.subarray(3, 3 + bytes.length)))).to.deep.equal([1, 2, 3, 4])
  })

  it('reads what the test builder writes as it read the original', () => {
    const original = readCheckpoint(readFileSync(join(fixtures, 'tiny-degenerate.pth')))
    expect([...readCheckpoint(stateDictFile(original))]).to.deep.equal([...original])
  })

  for (const key of ['state_dict', 'model', 'model_state_dict']) {
    it(`finds the state_dict of a training checkpoint under "${key}"`, () => {
      const inner = pickle.orderedDict([['weight', weight]])
      const optimizer = pickle.dict([['step', pickle.int(3)]])
      const top = pickle.dict([
        ['epoch', pickle.int(9)],
        ['optimizer', optimizer],
        [key, inner],
      ])
      expect(valuesOf(readCheckpoint(fileOf(top)))).to.deep.equal([1, 2, 3, 4])
    })
  }

  it('strips the prefix of DataParallel only when every name has it', () => {
    const names = (keys: readonly string[]): string[] => [
      ...readCheckpoint(fileOf(pickle.orderedDict(keys.map(key => [key, weight])))).keys(),
    ]
    expect(names(['module.a', 'module.b.c'])).to.deep.equal(['a', 'b.c'])
    expect(names(['module.a', 'b.c'])).to.deep.equal(['module.a', 'b.c'])
  })

  it('reads the attributes of an OrderedDict and leaves them out', () => {
    const metadata = pickle.dict([['_metadata', pickle.orderedDict([['', pickle.dict([])]])]])
    const file = fileOf([pickle.orderedDict([['weight', weight]]), metadata, 'b'])
    expect([...readCheckpoint(file).keys()]).to.deep.equal(['weight'])
  })

  it('makes transposed and strided views contiguous', () => {
    const view = (shape: number[], strides: number[], offset = 0): number[] =>
      valuesOf(readCheckpoint(oneTensorFile({ shape, strides, offset }, [0, 1, 2, 3, 4, 5])))
    expect(view([3, 2], [1, 3])).to.deep.equal([0, 3, 1, 4, 2, 5])
    expect(view([2, 2], [2, 1], 2)).to.deep.equal([2, 3, 4, 5])
    expect(view([2, 2], [2, 2], 1)).to.deep.equal([1, 3, 3, 5])
  })

  it('reads big-endian storages', () => {
    const swapped = Buffer.from(float32Bytes([1.5, -2, 1e-40, 4]))
    swapped.swap32()
    const program = pickle.program(pickle.orderedDict([['weight', weight]]))
    const file = checkpointFile(program, { 0: swapped }, [
      { name: 'archive/byteorder', data: joinBytes('big') },
    ])
    expect(readCheckpoint(file).get('weight')!.data).to.deep.equal(Float32Array.of(1.5, -2, 1e-40, 4))
  })

  describe('in a zip archive', () => {
    const program = pickle.program(pickle.orderedDict([['weight', weight]]))
    const plain = [
      { name: 'any name/data.pkl', data: program },
      { name: 'any name/data/0', data: storages[0] },
    ]

    it('of 64-bit records reads the same', () => {
      const file = zipFile(
        plain.map(entry => ({ ...entry, wide: true })),
        { end64: true },
      )
      expect(valuesOf(readCheckpoint(file))).to.deep.equal([1, 2, 3, 4])
    })

    it('that somebody compressed reads the same', () => {
      const file = zipFile(
        plain.map(({ name, data }) => ({
          name,
          data: deflateSync(data),
          method: 8,
          size: data.length,
          checksum: crc32(data),
        })),
      )
      expect(valuesOf(readCheckpoint(file))).to.deep.equal([1, 2, 3, 4])
    })

    it('with a comment reads the same', () => {
      const file = zipFile(plain, { comment: 'PK\x05\x06 is not the end' })
      expect(valuesOf(readCheckpoint(file))).to.deep.equal([1, 2, 3, 4])
    })

    it('without checksums, as torch.serialization.set_crc32_options(False) writes it, reads the same', () => {
      const file = zipFile(plain.map(entry => ({ ...entry, checksum: 0 })))
      expect(valuesOf(readCheckpoint(file))).to.deep.equal([1, 2, 3, 4])
    })
  })
})
