/** The models the client programs load, by the variable that tells them where: compiled, described in names, damaged. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from '../../lib/model/onnx/onnx_pb'
import { root } from '../support/environment'
import { withExternalWeight } from './onnx-graphs'

const fixture = (name: string): string => join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)
const float32 = 1

interface OneNode {
  readonly op: string
  readonly input: string
  /** A string is an open size. */
  readonly shape: readonly (number | string)[]
  /** A second operand. */
  readonly weights?: readonly number[]
  /** Each is the output of a node of its own. */
  readonly outputs?: readonly string[]
}

/** A graph of one node, unless more outputs are wanted, whose output has the shape of its input. */
function oneNode({ op, input, shape, weights, outputs = ['y'] }: OneNode): Uint8Array {
  const dim = shape.map(size => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }))
  const described = (name: string) => ({
    name,
    type: { value: { case: 'tensorType' as const, value: { elemType: float32, shape: { dim } } } },
  })
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 13n }],
      graph: {
        name: 'one-node',
        input: [described(input)],
        output: outputs.map(described),
        node: outputs.map(output => ({
          name: `of-${output}`,
          opType: op,
          input: weights === undefined ? [input] : [input, 'w'],
          output: [output],
        })),
        initializer:
          weights === undefined
            ? []
            : [{ name: 'w', dataType: float32, dims: [BigInt(weights.length)], floatData: [...weights] }],
      },
    }),
  )
}

/** Compiles all of them into `folder`, beside some that are not; the names are those of environment variables. */
export function makeOfflineModels(folder: string, atc: string): Readonly<Record<string, string>> {
  const made: Record<string, string> = {}
  const compile = (name: string, onnx: string, options: readonly string[]): void => {
    const common = [
      '--framework=5',
      '--input_format=ND',
      '--soc_version=Ascend310P3',
      `--output=${join(folder, name)}`,
    ]
    execFileSync(atc, [...common, `--model=${onnx}`, ...options], { cwd: folder, stdio: 'pipe' })
    made[name] = join(folder, `${name}.om`)
  }
  const write = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  }
  const origin = '--precision_mode=must_keep_origin_dtype'
  const open = '--input_shape=left:-1,3;right:-1,3'
  compile('OM_ADD', fixture('add'), [origin])
  compile('OM_OTHER_SOC', fixture('add'), [origin, '--soc_version=Ascend310P1'])
  compile('OM_TWO', fixture('two-outputs'), [origin])
  compile('OM_TYPES', fixture('types'), [origin])
  compile('OM_SLOW', fixture('slow'), [origin])
  compile('OM_GATHER', fixture('gather'), [origin])
  compile('OM_BATCH', fixture('dynamic-batch'), [origin, open, '--dynamic_batch_size=1,2,4'])
  compile('OM_DIMS', fixture('dynamic-batch'), [origin, open, '--dynamic_dims=1,1;3,3'])
  compile('OM_SHAPE', fixture('dynamic-batch'), [origin, open])
  compile('OM_RANGE', fixture('dynamic-batch'), [origin, '--input_shape=left:1~4,3;right:1~4,3'])
  compile('OM_WIDE', write('wide.onnx', oneNode({ op: 'Neg', input: 'x', shape: [100] })), [])
  compile(
    'OM_TWO_OPEN',
    write('two.onnx', oneNode({ op: 'Neg', input: 'x', shape: ['n'], outputs: ['y', 'z'] })),
    ['--input_shape=x:-1'],
  )
  compile('OM_LONG_NAME', write('long.onnx', oneNode({ op: 'Neg', input: 'x'.repeat(150), shape: [1] })), [])
  compile(
    'OM_WEIGHTS',
    write('w.onnx', oneNode({ op: 'Mul', input: 'x', shape: [3], weights: [0.1, 1e6, 1e-9] })),
    ['--precision_mode_v2=fp16'],
  )
  compile('OM_HW', write('hw.onnx', oneNode({ op: 'Neg', input: 'x', shape: [1, 1, 'h', 'w'] })), [
    '--input_format=NCHW',
    '--input_shape=x:1,1,-1,-1',
    '--dynamic_image_size=2,3;4,5',
  ])
  const sources = {
    ONNX_ADD: fixture('add'),
    ONNX_DYNAMIC: fixture('dynamic-batch'),
    ONNX_WEIGHTS: join(folder, 'w.onnx'),
  }
  return {
    ...made,
    ...sources,
    ...damage(readFileSync(made['OM_ADD']!), write),
    ...redescribe(readFileSync(made['OM_ADD']!), write),
  }
}

// Offsets of the header in docs/simulator.md.
const versionAt = 8
const fileBytesAt = 16
const graphBytesAt = 32
const checksumAt = 40

function damage(good: Buffer, write: (name: string, bytes: Uint8Array) => string): Record<string, string> {
  const changed = (change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(good)
    change(copy)
    return copy
  }
  return {
    BAD_EMPTY: write('empty.om', new Uint8Array()),
    BAD_TRUNCATED: write('truncated.om', good.subarray(0, good.length - 1)),
    BAD_MAGIC: write(
      'magic.om',
      changed(copy => copy.write('IMOD', 0)),
    ),
    BAD_CLAIM: write(
      'claim.om',
      changed(copy => {
        copy.writeBigUInt64LE(3_000_000_000n, fileBytesAt)
        copy.writeBigUInt64LE(2_999_999_000n, graphBytesAt)
      }),
    ),
    BAD_VERSION: write(
      'version.om',
      changed(copy => copy.writeUInt32LE(2, versionAt)),
    ),
    BAD_BYTE: write(
      'byte.om',
      changed(copy => copy.writeUInt8(copy.readUInt8(copy.length - 5) ^ 1, copy.length - 5)),
    ),
    BAD_GRAPH: write(
      'graph.om',
      changed(copy => {
        const headerBytes = 48
        copy.fill(0xff, copy.length - Number(copy.readBigUInt64LE(graphBytesAt)))
        copy.writeUInt32LE(crc32(copy.subarray(headerBytes)), checksumAt)
      }),
    ),
  }
}

/** Models whose lines of description are moved or doubled, all sizes and the checksum right. */
function redescribe(
  good: Buffer,
  write: (name: string, bytes: Uint8Array) => string,
): Record<string, string> {
  const headerBytes = 48
  const infoBytesAt = 24
  const infoBytes = Number(good.readBigUInt64LE(infoBytesAt))
  const lines = good
    .subarray(headerBytes, headerBytes + infoBytes)
    .toString()
    .split('\n')
    .slice(0, -1)
  const goodGraph = good.subarray(headerBytes + infoBytes)
  const rebuilt = (changed: readonly string[], graph: Uint8Array = goodGraph): Buffer => {
    const info = Buffer.from(changed.map(line => `${line}\n`).join(''))
    const bytes = Buffer.concat([good.subarray(0, headerBytes), info, graph])
    bytes.writeBigUInt64LE(BigInt(bytes.length), fileBytesAt)
    bytes.writeBigUInt64LE(BigInt(info.length), infoBytesAt)
    bytes.writeBigUInt64LE(BigInt(graph.length), graphBytesAt)
    bytes.writeUInt32LE(crc32(bytes.subarray(headerBytes)), checksumAt)
    return bytes
  }
  const starting = (start: string): readonly string[] => lines.filter(line => line.startsWith(start))
  const others = (start: string): readonly string[] => lines.filter(line => !line.startsWith(start))
  const output = starting('output')[0]!
  const [firstInput = '', secondInput = ''] = starting('input')
  const gear = starting('gear')[0]!
  const shapes = gear.split('\t')
  return {
    LINES_AS_BEFORE: write('lines.om', rebuilt(lines)),
    LINES_GEAR_FIRST: write('gear-first.om', rebuilt([gear, ...others('gear')])),
    LINES_INPUT_LAST: write(
      'input-last.om',
      rebuilt([
        ...lines.filter(line => line !== secondInput && line !== gear),
        [shapes[0], shapes[1], shapes[2]!.split(';')[0], shapes[3]].join('\t'),
        secondInput,
      ]),
    ),
    LINES_OUTPUT_LAST: write('output-last.om', rebuilt([...others('output'), output])),
    LINES_TWO_INPUTS: write('two-inputs.om', rebuilt([firstInput, ...lines])),
    LINES_MORE_OUTPUTS: write('more-outputs.om', rebuilt([...lines, output])),
    LINES_TWO_GEARS: write('two-gears.om', rebuilt([...lines, gear])),
    GRAPH_WITHOUT_WEIGHTS: write(
      'weights-elsewhere.om',
      rebuilt(lines, withExternalWeight({ location: 'w.bin' })),
    ),
    LINES_TWO_NAMES: write('two-names.om', rebuilt([...lines, ...starting('soc')])),
  }
}

/** CRC-32 as in zip and PNG. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
