/** `npm run fuzz:seeds`: small honest inputs of every target, made anew under fuzz/seeds. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { npyFile } from '../lib/benchmark/npy'
import { writeOnnx } from '../lib/model/onnx/write'
import { flacFile } from '../test/audio/flac-files'
import { integerSignal } from '../test/audio/signals'
import { chunk, ds64, floatData, integerData, wavFile } from '../test/audio/wav-files'
import { protocolText, scoreVariants, variantRows } from '../test/dataset/score-variants'
import { checkpointFile, float32Bytes, pickle, zipFile } from '../test/model/checkpoint-files'
import { node, noiseTensor, sizes, smallGraph } from '../test/model/small-graphs'
import * as npuTexts from '../test/toolchain/npu-smi-texts'

const root = join(__dirname, '..')
const fixture = (...path: readonly string[]): Buffer => readFileSync(join(root, 'test', 'fixtures', ...path))
const text = (value: unknown): string => `${JSON.stringify(value)}\n`

type Seeds = Readonly<Record<string, string | Uint8Array>>

const tensor = (storage: string, count: number, shape: readonly number[]) =>
  pickle.tensor({ storage: pickle.storage(storage, '0', count), shape })
const weights = pickle.program(
  pickle.orderedDict([
    ['conv.weight', tensor('FloatStorage', 4, [2, 2])],
    ['conv.bias', tensor('FloatStorage', 4, [4])],
  ]),
)
const integers = pickle.program(pickle.dict([['module.steps', tensor('LongStorage', 2, [])]]))
const wrapped = pickle.program(
  pickle.dict([['state_dict', pickle.orderedDict([['w', tensor('HalfStorage', 8, [8])]])]]),
)
const harmful = pickle.program(pickle.call(pickle.global('os', 'system'), pickle.text('true')))
const storages = { 0: float32Bytes([1, 2, 3, 4]) }

const left = integerSignal('speech-like', 200, 16, 1)
const right = integerSignal('speech-like', 200, 16, 2)

const layers = {
  weights: noiseTensor([2, 1, 3], 1),
  scale: noiseTensor([2], 2),
  shape: sizes(1, 1, 8),
  split: sizes(2, 4),
}
const convolution = smallGraph(
  11,
  [1, 8],
  [
    node('Reshape', ['input', 'shape'], 'rows'),
    node('Conv', ['rows', 'weights'], 'filtered', {
      kernel_shape: { kind: 'ints', value: [3] },
      pads: { kind: 'ints', value: [1, 1] },
    }),
    node('BatchNormalization', ['filtered', 'scale', 'scale', 'scale', 'scale'], 'normal'),
    node('Selu', ['normal'], 'activated'),
    node('Softmax', ['activated'], 'output', { axis: { kind: 'int', value: 1 } }),
  ],
  layers,
)
const attention = smallGraph(
  11,
  [2, 4],
  [
    node('Transpose', ['input'], 'turned', { perm: { kind: 'ints', value: [1, 0] } }),
    node('MatMul', ['input', 'turned'], 'product'),
    node('Shape', ['product'], 'size'),
    node('Reshape', ['product', 'size'], 'same'),
    node('Add', ['same', 'product'], 'output'),
  ],
)
const slicing = smallGraph(
  13,
  [2, 4],
  [
    node('Slice', ['input', 'from', 'to', 'axes'], 'part'),
    node('Unsqueeze', ['part', 'axes'], 'deep'),
    node('Concat', ['deep', 'deep'], 'both', { axis: { kind: 'int', value: 0 } }),
    node('Squeeze', ['both'], 'output'),
  ],
  { from: sizes(0), to: sizes(2), axes: sizes(1) },
)
const provenance = { producerName: 'seeds', metadata: {} }
const models = {
  convolution: writeOnnx(convolution, provenance),
  attention: writeOnnx(attention, provenance),
  slicing: writeOnnx(slicing, provenance),
}
const small = (...names: readonly string[]): Seeds =>
  Object.fromEntries(names.map(name => [name, fixture('onnx', `${name}.onnx`)]))

const variants: Seeds = Object.fromEntries(
  scoreVariants.map(({ write }, index) => [`layout-${index + 1}`, write(variantRows)]),
)
const asv = 'bonafide target 1.5\nbonafide nontarget -2\nA07 spoof 3e-1\n'
const npu: Seeds = Object.fromEntries(Object.entries(npuTexts).map(([name, value]) => [name, value]))
const table = npuTexts.guide310P3
const manifest = { modelSha256: 'a'.repeat(64), configSha256: null, batch: 1, clips: 'U1:9 U2:8' }
const sha256 = createHash('sha256').update('IMOD').digest('hex')
const point = { threshold: 1, missRate: 0.01, falseAlarmRate: 0.02 }
const calibration = (scores: unknown) => ({
  ...{ format: 'aasist-calibration', version: 1, scores, cllr: { before: 0.9, after: 0.1, min: 0.1 } },
  ...{ operatingPoints: { eer: point, 'miss=0.01': point }, decideBy: 'eer' },
  fittedOn: { path: 'dev.txt', sha256, bonafide: 100, spoof: 200, asv: null, model: { path: null, sha256 } },
})
const lines = (...of: readonly string[]): string => `${of.join('\n')}\n`
/** JSON.stringify would leave the name out that an object literal does not take either. */
const polluting = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'

const wavs: Seeds = {
  pcm16: wavFile({ data: integerData([left.slice(0, 50), right.slice(0, 50)], 2), channelCount: 2 }),
  pcm24: wavFile({ data: integerData([left.slice(0, 50)], 3), bitsPerSample: 24, validBits: 24 }),
  float: wavFile({
    tag: 3,
    bitsPerSample: 32,
    data: floatData(
      left.slice(0, 50).map(value => value / 32768),
      32,
    ),
  }),
  rf64: Buffer.concat([
    Buffer.from('RF64\xff\xff\xff\xffWAVE', 'latin1'),
    ds64(8n),
    wavFile({ data: integerData([left.slice(0, 4)], 2) }).subarray(12),
  ]),
  'chunk-before': wavFile({
    data: integerData([left.slice(0, 9)], 2),
    before: [chunk('LIST', Buffer.alloc(9))],
  }),
  'mu-law': wavFile({
    tag: 7,
    bitsPerSample: 8,
    data: Buffer.from(left.slice(0, 40).map(value => value & 255)),
  }),
}
const flacs: Seeds = {
  'mid-side': flacFile({
    channels: [left, right],
    bitsPerSample: 16,
    stereo: 'mid-side',
    blockFrames: 96,
    coding: { fixedOrder: 2, rice: 8 },
  }),
  'no-md5': flacFile({
    channels: [left],
    bitsPerSample: 16,
    totalFrames: 0,
    md5: 'absent',
    blockFrames: [64, 100],
  }),
  verbatim: flacFile({ channels: [left.slice(0, 40)], bitsPerSample: 16, coding: 'verbatim' }),
  constant: flacFile({ channels: [Array<number>(64).fill(7)], bitsPerSample: 16, coding: 'constant' }),
}

const seeds: Readonly<Record<string, Seeds>> = {
  checkpoint: {
    stored: checkpointFile(weights, storages),
    integers: checkpointFile(integers, { 0: new Uint8Array(16) }),
    'without-checksums': zipFile([
      { name: 'archive/data.pkl', data: weights, checksum: 0 },
      { name: 'archive/data/0', data: storages[0], checksum: 0 },
    ]),
    wide: zipFile(
      [
        { name: 'archive/data.pkl', data: weights, wide: true },
        { name: 'archive/data/0', data: storages[0], wide: true },
      ],
      { end64: true },
    ),
    'pickle-alone': harmful,
  },
  pickle: { weights, integers, wrapped, harmful },
  config: {
    tiny: fixture('checkpoints', 'tiny-random.conf'),
    polluting: `${polluting}"model_config":{"__proto__":1}}`,
    deep: '['.repeat(4000),
  },
  onnx: { ...models, ...small('add', 'dynamic-batch', 'gather', 'scalar', 'text', 'types') },
  'onnx-conversion': { ...models, ...small('dynamic-batch', 'gather') },
  wav: wavs,
  flac: flacs,
  'audio-stream': Object.fromEntries(
    Object.entries({ ...wavs, ...flacs }).map(([name, bytes]) => [
      name,
      Buffer.concat([Buffer.of(30), Buffer.from(bytes)]),
    ]),
  ),
  'flac-frames': {
    constant: Buffer.of(0, 3, 0, 0, 0, 0x12, 0x34),
    // A predictor of eight taps, precision 15, shift 0, every tap its largest: it grows as fast as any can.
    linear: Buffer.of(
      0,
      3,
      4,
      0,
      0x4e,
      ...Buffer.alloc(16, 0x7f),
      0xe0,
      ...Buffer.alloc(16, 0x7f),
      0,
      0xff,
      0x80,
    ),
    pair: Buffer.of(5, 3, 0, 0, 0, 1, 2, 0, 3, 4),
  },
  content: {
    wav: 'RIFF\0\0\0\0WAVEfmt ',
    flac: 'fLaC\0\0\0\x22',
    tagged: 'ID3\x04\0\0\0\0\0\x02xxfLaC',
    ogg: `OggS${'\0'.repeat(24)}OpusHead`,
    page: '<!doctype html><title>404</title>',
  },
  protocol: {
    la2019: protocolText(variantRows),
    asvspoof5: lines('S1 U1 F - - - - bonafide bonafide -', 'S2 U2 M C01 3 7 t A07 spoof -'),
    gzip: gzipSync(protocolText(variantRows)),
    'path-up': lines('S1 ../../etc/passwd - A07 spoof'),
    'path-absolute': lines('S1 /etc/passwd - A07 spoof'),
    nul: lines('S1 U1\0 - A07 spoof'),
    prototype: lines('S1 __proto__ - A07 spoof', 'S1 constructor - - bonafide'),
  },
  scores: { ...variants, prototype: lines('__proto__ A07 spoof 1', 'constructor - bonafide 2') },
  'joined-scores': {
    all: lines('U1 1', 'U2 -1', 'U3 -2', 'U4 2'),
    keys: lines('U1 - bonafide 1', 'U2 A07 spoof -1', 'U4 - bonafide 2'),
    unknown: lines('U1 1', 'U9 1'),
  },
  'asv-scores': { three: asv, gzip: gzipSync(asv), two: 'bonafide target 1\nbonafide nontarget 2\n' },
  journal: {
    whole: lines('U1 - bonafide 1.5', 'U2 A07 spoof -0', '__proto__ A07 spoof 1e-7'),
    torn: 'U1 - bonafide 1.5\nU2 A07 spoof -2.',
    contradicted: lines('U1 - bonafide 1.5', 'U1 - bonafide 2.5'),
  },
  'npu-smi': npu,
  'npu-smi-devices': {
    'table-and-map': [table, npuTexts.map310P3, npuTexts.board310P3, npuTexts.usages310P3].join('\f'),
    'map-alone': ['', npuTexts.map910B3, npuTexts.board9392].join('\f'),
  },
  atc: {
    failed: lines(
      'ATC start working now, please wait for a moment.',
      'E10001: [PID: 2410] 2026-07-12-10:11:12.013.222 Value [ND1] for parameter [--input_format] is invalid.',
      '        Solution: Set a valid value.',
    ),
    titled: lines(
      '[PID: 7] 2026-07-12-10:11:12.013.222 Unsupported operator(EZ3002): Optype [Selu] is unsupported.',
    ),
    display: 'system info: atc_version[8.5.0], soc_version[Ascend310P3], framework_type[Onnx].\n',
    flag: "ERROR: unknown command line flag 'x'\n",
  },
  'host-texts': {
    install: lines('package_name=Ascend-cann', 'version=8.5.0'),
    devices: '0,2,1',
    soc: 'Ascend310P3',
  },
  npy: {
    float32: npyFile('float32', [2, 3], new Uint8Array(24)),
    int64: npyFile('int64', [4], new Uint8Array(32)),
  },
  shapes: {
    range: 'input:1,64600~64610~5;other:1-2-4',
    two: lines('input:1,8', 'input:2,8'),
    prototype: '__proto__:1',
  },
  'model-card': {
    whole: text({ name: 'demo', threshold: { value: 0.5, source: 'made up' }, notice: 'not to be trusted' }),
    polluting: `${polluting}"name":"x"}`,
  },
  calibration: {
    logistic: text(calibration({ method: 'logistic', slope: 1.5, offset: -0.5 })),
    pav: text(
      calibration({
        method: 'pav',
        knots: [
          [-1, -2],
          [1, 2],
        ],
      }),
    ),
    falling: text(
      calibration({
        method: 'pav',
        knots: [
          [1, 2],
          [-1, -2],
        ],
      }),
    ),
    polluting: `${polluting}"format":"aasist-calibration","version":1}`,
  },
  'scored-model': {
    whole: text({ provenance: { model: { path: 'AASIST-L.pth', sha256 } } }),
    unclear: text({ provenance: null }),
    polluting: `${polluting}"provenance":{}}`,
  },
  manifest: {
    same: text(manifest),
    other: text({ ...manifest, batch: 8 }),
    list: '[]',
    polluting: `${polluting}"batch":1}`,
  },
  'offline-description': {
    own: text({ soc: 'Ascend310P3', atc: { version: '8.5' }, input: { path: 'm.onnx' }, output: { sha256 } }),
    other: text({ soc: 'Ascend310P3', output: { sha256: '0' } }),
    null: 'null',
  },
  cache: {
    entry: text({
      format: 1,
      key: 'k',
      about: { soc: 'x' },
      files: [{ name: 'a', bytes: 1, sha256: '0' }],
      made: '2026',
    }),
    polluting: `${polluting}"format":1,"key":"k","about":{},"files":[],"made":"2026"}`,
  },
}

const folder = join(__dirname, 'seeds')
rmSync(folder, { recursive: true, force: true })
for (const [target, inputs] of Object.entries(seeds)) {
  mkdirSync(join(folder, target), { recursive: true })
  for (const [name, bytes] of Object.entries(inputs)) {
    writeFileSync(
      join(folder, target, name),
      typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes,
    )
  }
}
