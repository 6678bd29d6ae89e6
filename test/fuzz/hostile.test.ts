import { expect } from 'chai'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judge } from '../../fuzz/target'
import { targets } from '../../fuzz/targets'
import { openCorpus, readAsvScores, readProtocol, readScoreFile } from '../../lib/dataset'
import { convertCheckpoint } from '../../lib/model'
import { readCheckpoint } from '../../lib/model/checkpoint/checkpoint'
import { parseConfig } from '../../lib/model/config'
import { readModelCard } from '../../lib/scoring/model-card'
import {
  oneTensorFile,
  checkpointFile,
  float32Bytes,
  joinBytes,
  pickle,
  zipFile,
} from '../model/checkpoint-files'
import { goodConfig } from '../model/bad-model-files'
import { failureOf } from '../support/failure'
import { scratchFolder } from '../support/scratch-folder'

/** A field of protobuf with a length of its own (encoding guide of Protocol Buffers, "Length-Delimited Records"). */
function field(number: number, body: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(body)
  const length: number[] = []
  for (let left = bytes.length; ; left >>>= 7) {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    if (left <= 0x7f) break
  }
  return Buffer.concat([Buffer.of((number << 3) | 2, ...length), bytes])
}

/** ModelProto: ir_version, opset_import, graph. */
const onnxModel = (graph: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.of(8, 7), field(8, Buffer.of(0x10, 11)), field(7, graph)])

/** A branch of an If in a branch of an If … */
function nestedBranches(depth: number): Uint8Array {
  let graph: Uint8Array = Buffer.alloc(0)
  for (let level = 0; level < depth; level++) {
    const attribute = Buffer.concat([field(1, 'then_branch'), field(6, graph), Buffer.of(0xa0, 1, 5)])
    graph = field(1, Buffer.concat([field(4, 'If'), field(5, attribute)]))
  }
  return onnxModel(graph)
}

/** Nodes that all have one name and one output. */
function namesakes(count: number): Uint8Array {
  const node = field(1, Buffer.concat([field(1, 'x'), field(2, 'y'), field(3, 'n'), field(4, 'Abs')]))
  return onnxModel(Buffer.concat(Array<Uint8Array>(count).fill(node)))
}

const many = 100_000
const lists = '['.repeat(many) + ']'.repeat(many)
const objects = `${'{"a":'.repeat(many)}1${'}'.repeat(many)}`
const pickled = (...program: readonly string[]): Buffer =>
  Buffer.from(`\x80\x02${program.join('')}.`, 'latin1')

const cases: readonly (readonly [target: string, what: string, bytes: string | Uint8Array])[] = [
  ['config', 'lists 100,000 deep', `{"model_config":${lists}}`],
  ['config', 'objects 100,000 deep', `{"model_config":{"architecture":${objects}}}`],
  ['manifest', 'lists 100,000 deep', `{"batch":${lists}}`],
  ['manifest', 'objects 100,000 deep', `{"batch":${objects}}`],
  ['model-card', 'objects 100,000 deep', `{"name":"x","threshold":${objects}}`],
  ['offline-description', 'lists 100,000 deep', `{"soc":${lists},"output":${objects}}`],
  ['cache', 'objects 100,000 deep', `{"format":1,"key":"k","about":${objects},"files":[],"made":"x"}`],
  ['pickle', 'tuples 100,000 deep', pickled(')', '\x85'.repeat(many))],
  ['pickle', 'tuples 100,000 deep in a state_dict', pickled('}X\x01\0\0\0a)', '\x85'.repeat(many), 's')],
  ['pickle', '100,000 marks', pickled('('.repeat(many))],
  ['pickle', 'lists 100,000 deep', pickled(']'.repeat(many), 'a'.repeat(many - 1))],
  ['onnx', 'branches 3,000 deep', nestedBranches(3000)],
  ['onnx-conversion', 'branches 3,000 deep', nestedBranches(3000)],
  ['onnx', '100,000 nodes of one name', namesakes(many)],
]

describe('what a fuzzer does not come to', function () {
  this.timeout(60_000)

  for (const [name, what, bytes] of cases) {
    it(`${what} are refused by code, or read: ${name}`, async () => {
      const target = targets.find(each => each.name === name)!
      await judge(target, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    })
  }
})

describe('names that every object has', () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']

  for (const name of names) {
    it(`may be those of a tensor, which is then one like others: ${name}`, () => {
      const storage = pickle.storage('FloatStorage', '0', 1)
      const program = pickle.program(pickle.orderedDict([[name, pickle.tensor({ storage, shape: [1] })]]))
      const file = checkpointFile(program, { 0: float32Bytes([7]) })
      expect([...readCheckpoint(file).keys()]).to.deep.equal([name])
      expect(() => convertCheckpoint(file, goodConfig))
        .to.throw()
        .with.property('code', 'CHECKPOINT_INVALID')
      expect(({} as Record<string, unknown>)['data']).to.equal(undefined)
    })

    it(`are refused in model_config, and mean nothing beside it: ${name}`, () => {
      const beside = goodConfig.replace('{', `{ "${name}": { "architecture": "other" },`)
      expect(parseConfig(beside)).to.deep.equal(parseConfig(goodConfig))
      const within = goodConfig.replace(/("model_config":\s*\{)/, `$1 "${name}": { "nb_samp": 1 },`)
      expect(() => parseConfig(within))
        .to.throw()
        .with.property('code', 'CONFIG_INVALID')
      expect(({} as Record<string, unknown>)['architecture']).to.equal(undefined)
    })
  }

  it('do not make a model out of an object that has one as its prototype only', () => {
    const inherited = `{ "__proto__": ${goodConfig} }`
    expect(() => parseConfig(inherited))
      .to.throw()
      .with.property('code', 'CONFIG_INVALID')
  })
})

describe('names in a checkpoint that lead out of it', () => {
  for (const name of ['../../outside', '/etc/passwd', 'archive/../../outside', 'archive/data/0\0.txt']) {
    it(`are not in it: ${JSON.stringify(name)}`, () => {
      const harmless = oneTensorFile({})
      expect(readCheckpoint(harmless).size).to.equal(1)
      const program = pickle.program(
        pickle.orderedDict([
          ['w', pickle.tensor({ storage: pickle.storage('FloatStorage', name, 1), shape: [1] })],
        ]),
      )
      const file = zipFile([
        { name: 'archive/data.pkl', data: program },
        { name, data: joinBytes('1234') },
      ])
      expect(() => readCheckpoint(file))
        .to.throw()
        .with.property('code', 'CHECKPOINT_INVALID')
    })
  }
})

describe('symbolic links', () => {
  const folder = scratchFolder()
  const link = (to: string): string => {
    const path = join(folder(), 'link.card.json')
    symlinkSync(to, path)
    return path
  }

  for (const [what, to] of [
    ['to themselves', 'link.card.json'],
    ['to nothing', 'nowhere'],
    ['to a device without end', '/dev/zero'],
    ['to a folder', '.'],
  ] as const) {
    it(`${what} are refused as protocols and scores`, async () => {
      const path = link(to)
      expect((await failureOf(readProtocol(path))).code).to.equal('PROTOCOL_INVALID')
      expect((await failureOf(readScoreFile(path))).code).to.equal('SCORES_INVALID')
      expect((await failureOf(readAsvScores(path))).code).to.equal('SCORES_INVALID')
    })
  }

  for (const to of ['link.card.json', '/dev/zero', '.']) {
    it(`are refused as a model card: one to ${to}`, async () => {
      link(to)
      const model = join(folder(), 'link.onnx')
      expect((await failureOf(readModelCard(model))).code).to.equal('CONFIG_INVALID')
    })
  }

  it('to a file are followed: data sets are often kept that way', async () => {
    const clips = join(folder(), 'LA', 'ASVspoof2019_LA_eval', 'flac')
    mkdirSync(clips, { recursive: true })
    writeFileSync(join(folder(), 'clip.flac'), 'fLaC')
    symlinkSync(join(folder(), 'clip.flac'), join(clips, 'U1.flac'))
    symlinkSync(join(clips, 'U2.flac'), join(clips, 'U2.flac'))
    const protocol = join(folder(), 'protocol.txt')
    writeFileSync(protocol, 'S1 U1 - - bonafide\nS2 U2 - A07 spoof\n')
    const corpus = await openCorpus(folder(), { protocol })
    expect(corpus.audioEndings[0]).to.equal('.flac')
    expect(corpus.trials).to.have.length(2)
  })
})
