/** Files that are damaged, foreign or lie about themselves: always CHECKPOINT_INVALID, never another error or a hang. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { deflateSync, zipSync } from 'fflate'
import { ModelError } from '../../lib/errors'
import { readCheckpoint } from '../../lib/model/checkpoint/checkpoint'
import { root } from '../support/environment'
import {
  checkpointFile,
  float32Bytes,
  joinBytes,
  oneTensorFile,
  pickle,
  uint32,
  uint64,
  zipFile,
  type Bytes,
  type ZipEntry,
} from './checkpoint-files'

const { dict, global, int, orderedDict, program, storage, tensor, text, tuple } = pickle

function expectInvalid(bytes: Uint8Array, said?: RegExp): void {
  try {
    readCheckpoint(bytes)
  } catch (error) {
    expect(error).to.be.instanceOf(ModelError)
    expect((error as ModelError).code, (error as ModelError).message).to.equal('CHECKPOINT_INVALID')
    if (said !== undefined) expect((error as ModelError).message).to.match(said)
    return
  }
  throw new Error('the checkpoint was read')
}

const values = float32Bytes([1, 2, 3, 4])
const storageOfFour = storage('FloatStorage', '0', 4)
const weight = tensor({ storage: storageOfFour, shape: [4] })
const goodProgram = program(orderedDict([['weight', weight]]))
const pickleEntry: ZipEntry = { name: 'archive/data.pkl', data: goodProgram }
const valuesEntry: ZipEntry = { name: 'archive/data/0', data: values }

function deflatedEntry(name: string, data: Uint8Array, lies: Partial<ZipEntry> = {}): ZipEntry {
  return { name, data: deflateSync(data), method: 8, size: data.length, checksum: crc32(data), ...lies }
}

describe('a file that is no zip checkpoint', () => {
  const archive = (name: string): Uint8Array => zipSync({ [name]: joinBytes('x') })
  const cases: readonly (readonly [what: string, said: RegExp, bytes: Bytes])[] = [
    ['an empty file', /an empty file/, []],
    [
      'a legacy torch file',
      /PyTorch before 1\.6.*weights_only=True/,
      '\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.',
    ],
    ['a bare pickle', /a bare pickle/, '\x80\x04}.'],
    ['safetensors', /safetensors.*load_file/, [uint64(60), '{"weight":{"dtype":"F32","shape":[1],']],
    ['a web page', /a web page.*download/, '\xef\xbb\xbf\n<!DOCTYPE html><html>Sign in</html>'],
    ['a web page of XML', /a web page/, '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ['a Git LFS pointer', /Git LFS/, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n'],
    ['the configuration', /swapped/, '{ "model_config": {} }'],
    ['Keras weights', /HDF5/, '\x89HDF\r\n\x1a\n'],
    ['a NumPy array', /NumPy/, '\x93NUMPY\x01\x00'],
    ['gzip', /gzip/, '\x1f\x8b\x08\x00'],
    ['tar', /tar archive/, [new Uint8Array(257), 'ustar\x0000']],
    ['audio', /WAV/, 'RIFF\x24\x00\x00\x00WAVEfmt '],
    ['FLAC audio', /FLAC/, 'fLaC\x00\x00\x00\x22'],
    ['zeros', /zero bytes/, new Uint8Array(4096)],
    ['noise', /starts with 17 2a ff 00/, '\x17\x2a\xff\x00\x81'],
    ['an empty zip', /empty zip/, zipFile([])],
    ['npz', /NumPy .npz/, archive('a.npy')],
    ['an Office document', /Office/, archive('[Content_Types].xml')],
    ['a zip around a checkpoint', /"AASIST\.pth".*unpack/, archive('AASIST.pth')],
    ['another zip', /a zip archive of 1 files/, archive('README.md')],
    ['a checkpoint whose folder was lost', /a zip archive of 1 files/, archive('data.pkl')],
    ['TorchScript', /TorchScript.*torch\.jit\.load/, zipFile([pickleEntry, { name: 'archive/constants.pkl', data: values }])], // prettier-ignore
  ]
  for (const [what, said, bytes] of cases) {
    it(`is called what it is: ${what}`, () => expectInvalid(joinBytes(bytes), said))
  }

  it('is called what it is: an ONNX model', () => {
    const onnx = readFileSync(join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx'))
    expectInvalid(onnx, /an ONNX model/)
  })
})

describe('a damaged archive', () => {
  const good = zipFile([pickleEntry, valuesEntry], { end64: true })

  it('is refused at every length it can be cut to', () => {
    for (let length = 0; length < good.length; length++) expectInvalid(good.slice(0, length))
  })

  it('is refused with any one byte of its data changed', () => {
    for (const content of [goodProgram, values]) {
      const start = Buffer.from(good).indexOf(content)
      for (let at = start; at < start + content.length; at++) {
        const bytes = Uint8Array.from(good)
        bytes[at]! ^= 0x10
        expectInvalid(bytes, /checksum/)
      }
    }
  })

  it('gives the true tensors or a typed error whatever bytes change', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        changes => {
          const bytes = Uint8Array.from(good)
          for (const [at, value] of changes) bytes[at] = value
          try {
            expect([...readCheckpoint(bytes).get('weight')!.data]).to.deep.equal([1, 2, 3, 4])
          } catch (error) {
            expect(error).to.be.instanceOf(ModelError)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  const cases: readonly (readonly [what: string, said: RegExp, bytes: Uint8Array])[] = [
    ['bytes before it', /is not where/, joinBytes(good.subarray(0, 4), 'x', good.subarray(4))],
    ['bytes after it', /no central directory/, joinBytes(good, 'x')],
    ['two entries of one name', /two entries named "archive\/data\/0"/, zipFile([pickleEntry, valuesEntry, valuesEntry])], // prettier-ignore
    ['a count of entries beyond its directory', /claims 9999 entries/, zipFile([pickleEntry], { claimedCount: 9999 })], // prettier-ignore
    ['a count that leaves entries out', /more than the entries it counts/, zipFile([pickleEntry, valuesEntry], { claimedCount: 1 })], // prettier-ignore
    [
      'a directory elsewhere',
      /not where its end record says/,
      zipFile([pickleEntry], { directoryOffset: 7 }),
    ],
    ['end records that disagree', /disagree/, disagreeingEnds()],
    ['an encrypted entry', /encrypted/, zipFile([{ ...pickleEntry, flags: 1 }])],
    ['an unknown compression', /method 93/, zipFile([{ ...pickleEntry, method: 93 }])],
    ['two names for one entry', /disagree/, zipFile([{ ...pickleEntry, localName: 'archive/data.pkx' }])],
    ['an entry that starts in another', /overlaps another/, overlappingEntries()],
    ['a stored entry of two sizes', /which cannot be/, zipFile([{ ...pickleEntry, size: 2 ** 31 }])],
    ['an entry longer than the file', /more than the file holds/, zipFile([{ ...pickleEntry, size: 2 ** 31, compressedSize: 2 ** 31 }])], // prettier-ignore
    ['64-bit sizes beyond any file', /more than the file holds/, zipFile([{ ...pickleEntry, wide: true, size: 2 ** 52, compressedSize: 2 ** 52 }])], // prettier-ignore
    [
      'a wrong checksum',
      /checksum of "archive\/data\/0"/,
      zipFile([pickleEntry, { ...valuesEntry, checksum: 1 }]),
    ],
    ['a claim no compression reaches', /which cannot be/, zipFile([deflatedEntry('archive/data.pkl', goodProgram, { size: 2 ** 30 })])], // prettier-ignore
    ['a claim of too few bytes', /does not inflate to/, zipFile([deflatedEntry('archive/data.pkl', goodProgram, { size: 20 })])], // prettier-ignore
    ['a claim of too many bytes', /does not inflate to/, zipFile([deflatedEntry('archive/data.pkl', goodProgram, { size: goodProgram.length + 1 })])], // prettier-ignore
    ['compressed noise', /cannot be inflated/, zipFile([{ ...pickleEntry, data: joinBytes('\xff\xff\xff'), method: 8, size: 9 }])], // prettier-ignore
    ['compressed bytes that break off', /cannot be inflated/, cutDeflate()],
    [
      'two checkpoints',
      /holds 2 checkpoints/,
      zipFile([pickleEntry, { ...pickleEntry, name: 'other/data.pkl' }]),
    ],
    ['an unknown byte order', /byte order is "middle"/, checkpointFile(goodProgram, { 0: values }, [{ name: 'archive/byteorder', data: joinBytes('middle') }])], // prettier-ignore
  ]
  for (const [what, said, bytes] of cases) {
    it(`is refused: ${what}`, () => expectInvalid(bytes, said))
  }

  it('is refused: more entries than a checkpoint has', () => {
    const entries = Array.from({ length: 10_001 }, (_, index) => ({ name: `a/${index}`, data: joinBytes() }))
    expectInvalid(zipFile(entries), /10001 entries/)
  })

  it('is refused: zeros compressed a thousandfold', () => {
    const zeros = deflatedEntry('archive/data.pkl', new Uint8Array(17 * 2 ** 20))
    expectInvalid(zipFile([zeros]), /inflate to more than/)
  })

  function disagreeingEnds(): Uint8Array {
    const bytes = Buffer.from(good)
    bytes.writeUInt16LE(1, bytes.length - 12)
    return bytes
  }

  function overlappingEntries(): Uint8Array {
    // The second local header lies, whole and valid, inside the first entry's bytes.
    const inner = zipFile([valuesEntry])
    const outer: ZipEntry = { name: 'archive/data.pkl', data: inner }
    const headerOffset = 30 + outer.name.length
    return zipFile([outer, { ...valuesEntry, headerOffset }])
  }

  function cutDeflate(): Uint8Array {
    const data = deflateSync(goodProgram).subarray(0, 30)
    return zipFile([{ ...pickleEntry, data, method: 8, size: goodProgram.length }])
  }
})

describe('a damaged pickle', () => {
  const cases: readonly (readonly [what: string, said: RegExp, pickled: Uint8Array])[] = [
    ['nothing', /cut short/, joinBytes()],
    ['no end', /cut short/, goodProgram.subarray(0, -1)],
    ['bytes after its end', /bytes after its end/, joinBytes(goodProgram, '.')],
    ['an empty stack at the end', /stack runs empty/, program()],
    ['values left over', /values left over/, program('N', orderedDict([]))],
    ['an open mark', /stack runs empty/, program('N(')],
    ['a missing mark', /mark is missing/, program('t')],
    ['a value below the mark', /stack runs empty/, program('N(\x85')],
    ['an unknown instruction', /instruction 0xff/, program('\xff')],
    ['an instruction torch never writes', /instruction 0x30/, program('N0')],
    ['a later protocol', /protocol 6/, joinBytes('\x80\x06', orderedDict([]), '.')],
    ['a protocol in the middle', /protocol 2/, program('\x80\x02')],
    ['a frame beyond the file', /cut short/, joinBytes('\x80\x04\x95', uint64(2 ** 40), 'N.')],
    ['a value it never stored', /recalls value 9/, program('h\x09')],
    ['a string longer than the file', /cut short/, program('X', uint32(2 ** 32 - 1), 'abc')],
    ['a string that is not UTF-8', /not UTF-8/, program('X', uint32(2), '\xc3\x28')],
    ['a name without end', /does not end/, program(`c${'a'.repeat(300)}`)],
    ['a global of numbers', /a global has no name/, program(int(1), int(2), '\x93')],
    ['an item of a tuple', /not a dict/, program(tuple(), text('a'), 'Ns')],
    ['an append to a dict', /not a list/, program('}Na')],
    ['a key without a value', /key without a value/, program('}(', text('a'), 'u')],
    ['a list as key', /neither a string nor a number/, program('}]Ns')],
    ['a key twice', /the key weight twice/, program(orderedDict([['weight', weight], ['weight', weight]]))], // prettier-ignore
    ['an OrderedDict of arguments', /arguments of collections\.OrderedDict/, program(pickle.call(global('collections', 'OrderedDict'), ']'))], // prettier-ignore
    ['a parameter of a number', /arguments of torch\._utils\._rebuild_parameter/, program(pickle.call(global('torch._utils', '_rebuild_parameter'), int(1), '\x88', 'N'))], // prettier-ignore
    ['a tensor without storage', /arguments of torch/, program(tensor({ storage: int(0), shape: [1] }))],
    ['a tensor that is to be negated', /arguments of torch/, program(tensor({ storage: storageOfFour, shape: [4], rest: [dict([['neg', '\x88']])] }))], // prettier-ignore
    ['more strides than dimensions', /arguments of torch/, program(tensor({ storage: storageOfFour, shape: [4], strides: [1, 1] }))], // prettier-ignore
    ['a negative size', /arguments of torch/, program(tensor({ storage: storageOfFour, shape: [-4], strides: [1] }))], // prettier-ignore
    ['a negative stride', /arguments of torch/, program(tensor({ storage: storageOfFour, shape: [4], strides: [-1], offset: 3 }))], // prettier-ignore
    ['a negative offset', /arguments of torch/, program(tensor({ storage: storageOfFour, shape: [4], offset: -1 }))], // prettier-ignore
    ['more dimensions than PyTorch has', /arguments of torch/, program(tensor({ storage: storageOfFour, shape: Array<number>(65).fill(1) }))], // prettier-ignore
    ['a storage of negative size', /persistent id/, program(storage('FloatStorage', '0', -1))],
    ['a persistent id of text', /persistent id/, program(text('storage'), 'Q')],
    ['a persistent id of another kind', /persistent id/, program(tuple(text('module'), 'N', text('0'), text('cpu'), int(4)), 'Q')], // prettier-ignore
  ]
  for (const [what, said, pickled] of cases) {
    it(`is refused: ${what}`, () => expectInvalid(checkpointFile(pickled, { 0: values }), said))
  }

  it('is refused: more instructions than any state_dict', () => {
    expectInvalid(checkpointFile(program('}'.repeat(1_000_001))), /more than 1000000 instructions/)
  })

  it('is refused: more bytes than any state_dict', () => {
    expectInvalid(checkpointFile(program(text('a'.repeat(8 * 2 ** 20)))), /at most 8388608/)
  })

  it('cannot grow beyond what its file holds by nesting copies of copies', () => {
    // Twenty doublings by reference: a reader that copied them would make a million tensors.
    const doubling = Array.from({ length: 20 }, (_, level) => ['h', level, 'h', level, '\x86q', level + 1])
    expectInvalid(checkpointFile(program(weight, 'q\x00', doubling), { 0: values }), /values left over/)
  })

  it('may hold itself', () => {
    const selfish = program('}q\x00', text('model'), 'h\x00s', text('state_dict'), 'h\x00s')
    expectInvalid(checkpointFile(selfish), /a dict without tensors/)
  })

  it('gives tensors or a typed error whatever its bytes are', () => {
    const mutated = fc
      .array(fc.tuple(fc.nat(goodProgram.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map(changes => {
        const bytes = Uint8Array.from(goodProgram)
        for (const [at, value] of changes) bytes[at] = value
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), pickled => {
        try {
          for (const { data } of readCheckpoint(checkpointFile(pickled, { 0: values })).values()) {
            expect(data.length).to.be.at.most(4)
          }
        } catch (error) {
          expect(error).to.be.instanceOf(ModelError)
          expect((error as ModelError).code).to.match(/^CHECKPOINT_(INVALID|UNSAFE)$/)
        }
      }),
      { numRuns: 5000 },
    )
  })
})

describe('a pickle that holds no state_dict', () => {
  const cases: readonly (readonly [what: string, said: RegExp, top: Bytes])[] = [
    ['a tensor', /holds a single tensor/, weight],
    ['a list of tensors', /holds a list/, ['](', weight, 'e']],
    ['a tuple', /holds a tuple/, tuple(weight)],
    ['a number', /holds a number/, int(1)],
    ['a string', /holds a string/, text('AASIST')],
    ['None', /holds None/, 'N'],
    ['a class', /holds the class collections\.OrderedDict/, global('collections', 'OrderedDict')],
    ['a storage', /holds a storage/, storageOfFour],
    ['an empty dict', /an empty dict/, orderedDict([])],
    ['an optimizer', /a dict without tensors, of \["param_groups"\]/, dict([['param_groups', ']']])],
    ['tensors beside a number', /a number under "epoch"/, dict([['weight', weight], ['epoch', int(1)]])], // prettier-ignore
    ['tensors beside a dict', /a dict under "head"/, dict([['weight', weight], ['head', dict([])]])], // prettier-ignore
    ['a tensor under a number', /a key that is a number/, ['}(', int(1), weight, 'u']],
  ]
  for (const [what, said, top] of cases) {
    it(`is refused: ${what}`, () => expectInvalid(checkpointFile(program(top), { 0: values }), said))
  }
})

describe('a tensor that does not fit its storage', () => {
  const reaches = /reaches number/
  const cases: readonly (readonly [what: string, said: RegExp, bytes: Uint8Array])[] = [
    ['more elements than there are', /more elements than its storage's 4/, oneTensorFile({ shape: [5] })],
    ['sizes whose product overflows', /more elements/, oneTensorFile({ shape: [2 ** 52, 2 ** 52], strides: [0, 0] })], // prettier-ignore
    ['a repeated number (stride 0)', /more elements/, oneTensorFile({ shape: [1000], strides: [0] })],
    ['an offset beyond the end', reaches, oneTensorFile({ shape: [1], offset: 4 })],
    ['a last element beyond the end', reaches, oneTensorFile({ shape: [3], offset: 2 })],
    ['strides beyond the end', reaches, oneTensorFile({ shape: [2, 2], strides: [3, 1] })],
    ['strides beyond any file', reaches, oneTensorFile({ shape: [2], strides: [2 ** 52] })],
    ['a storage the file lacks', /needs storage "7"/, oneTensorFile({ storage: storage('FloatStorage', '7', 4) })], // prettier-ignore
    ['a storage outside the folder', /needs storage "\.\.\/data\.pkl"/, oneTensorFile({ storage: storage('FloatStorage', '../data.pkl', 4) })], // prettier-ignore
    ['a storage larger than its bytes', /claims 1000000 numbers.*holds 4/, oneTensorFile({ storage: storage('FloatStorage', '0', 1e6) })], // prettier-ignore
    ['a storage smaller than its bytes', /claims 3 numbers.*holds 4/, oneTensorFile({ storage: storage('FloatStorage', '0', 3), shape: [3] })], // prettier-ignore
    ['a storage of half a number', /has 10 bytes/, checkpointFile(goodProgram, { 0: new Uint8Array(10) })],
    ['a storage of two types', /another tensor as torch\.FloatStorage/, checkpointFile(program(orderedDict([['a', weight], ['b', tensor({ storage: storage('IntStorage', '0', 4), shape: [4] })]])), { 0: values })], // prettier-ignore
  ]
  for (const [what, said, bytes] of cases) {
    it(`is refused: ${what}`, () => expectInvalid(bytes, said))
  }

  it('is refused when many tensors repeat one storage', () => {
    const names = Array.from({ length: 9 }, (_, index) => `weight${index}`)
    const repeat = (count: number): Uint8Array =>
      checkpointFile(program(orderedDict(names.slice(0, count).map(name => [name, weight]))), { 0: values })
    expect(readCheckpoint(repeat(8)).size).to.equal(8)
    expectInvalid(repeat(9), /repeat the same numbers more than 8 times/)
  })

  it('is refused before anything of its claimed size is allocated', () => {
    const bytes = oneTensorFile({
      storage: storage('DoubleStorage', '0', 2 ** 40),
      shape: [2 ** 30, 2 ** 10],
    })
    const before = process.memoryUsage().arrayBuffers
    expectInvalid(bytes)
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(2 ** 20)
  })
})
