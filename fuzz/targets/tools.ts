import { readNpy } from '../../lib/benchmark/npy'
import { parseNamedDims } from '../../lib/benchmark/shapes'
import { parseShapeRange } from '../../lib/benchmark/shape-range'
import { AtcOutput } from '../../lib/toolchain/atc-output'
import { valueIn } from '../../lib/toolchain/host-view'
import { readNpuSmi } from '../../lib/toolchain/npu-smi-devices'
import { parseKeyValues, parseNpuSmiList, parseNpuSmiMap } from '../../lib/toolchain/npu-smi-lists'
import { parseNpuSmiTable } from '../../lib/toolchain/npu-smi-table'
import { infoIn } from '../../lib/toolchain/offline-model-info'
import { socVersionOf } from '../../lib/toolchain/soc'
import { plainLines } from '../../lib/toolchain/text-lines'
import { visibleDevices, visibleDevicesVariable } from '../../lib/toolchain/visible-devices'
import { textOf } from '../scratch'
import { sound, type Target } from '../target'

const npuWords = [
  ...[
    '| ',
    ' |',
    '+====+====+',
    '+----+----+',
    'NPU',
    'Chip',
    'Name',
    'Device',
    'Health',
    'Bus-Id',
    'Power(W)',
  ],
  ...[
    'Temp(C)',
    'AICore(%)',
    'Memory-Usage(MB)',
    'HBM-Usage(MB)',
    'Hugepages-Usage(page)',
    'NA',
    ' / ',
    '310P3',
  ],
  ...['910B3', 'Chip Logic ID', 'NPU ID', 'Chip ID', 'Chip Name', 'Mcu', ' : ', 'Version: ', '__proto__'],
]

const numberOrNull = (value: number | null): boolean => value === null || Number.isFinite(value)

const npuSmi: Target = {
  name: 'npu-smi',
  parses: 'parseNpuSmiTable, parseNpuSmiMap, parseNpuSmiList, parseKeyValues, socVersionOf',
  refusals: [],
  largestBytes: 4096,
  dictionary: npuWords,
  answers: 'at once',
  read: bytes => {
    const text = textOf(bytes)
    const { chips, warnings } = parseNpuSmiTable(text)
    for (const { npuId, chipId, powerW, temperatureC } of chips) {
      sound(Number.isSafeInteger(npuId) && numberOrNull(chipId), 'a chip without number')
      sound(numberOrNull(powerW) && numberOrNull(temperatureC), 'a measure that is no number')
    }
    sound(
      warnings.every(warning => warning !== ''),
      'a warning without words',
    )
    for (const { npuId, chipId } of parseNpuSmiMap(text)) {
      sound(Number.isSafeInteger(npuId) && Number.isSafeInteger(chipId), 'a place of a chip that is none')
    }
    parseNpuSmiList(text)
    for (const value of parseKeyValues(text).values()) socVersionOf(value)
  },
}

const npuSmiDevices: Target = {
  name: 'npu-smi-devices',
  parses: 'readNpuSmi: all that npu-smi answers, parts of the input separated by form feeds',
  refusals: [],
  largestBytes: 4096,
  dictionary: [...npuWords, '\x0c'],
  answers: 'later',
  read: async bytes => {
    const answers = textOf(bytes).split('\f')
    let questions = 0
    const { chips } = await readNpuSmi(() => Promise.resolve(answers[questions++] ?? answers.at(-1)!))
    const ids = chips.flatMap(({ deviceId }) => deviceId ?? [])
    sound(new Set(ids).size === ids.length, 'two chips under one number')
  },
}

/** Who starts programs hands their longer lines over in pieces. */
const longestLine = 1 << 14
/** As much as the reader keeps of an output. */
const mostKept = 32_768

const atc: Target = {
  name: 'atc',
  parses: 'AtcOutput, infoIn, plainLines',
  refusals: [],
  largestBytes: 4096,
  dictionary: [
    ...[
      'E10001: ',
      'EZ9999: ',
      '[PID: 7] ',
      '2026-11-22-15:23:09.263.054 ',
      '[ERROR]',
      'Solution: ',
      'Title(',
    ],
    ...['Possible Cause: ', 'ERROR: unknown flag', 'soc_version[', 'atc_version[', ']', '\x1b[31m', '\r'],
  ],
  answers: 'at once',
  read: bytes => {
    const text = textOf(bytes)
    const output = new AtcOutput()
    for (const line of plainLines(text)) output.take(line.slice(0, longestLine))
    sound(output.tail.length <= mostKept, 'more of the output than is to be kept')
    sound(output.codes.length <= 50 && output.codes.every(code => /^E/.test(code)), 'a code that is none')
    sound(output.problem === undefined || typeof output.problem.text === 'string', 'a problem without text')
    const info = infoIn(text)
    sound(info === null || info.soc !== '', 'a chip without name')
  },
}

const hostTexts: Target = {
  name: 'host-texts',
  parses: 'valueIn of install files, visibleDevices, socVersionOf',
  refusals: [],
  largestBytes: 1024,
  dictionary: ['version=', 'Version=', '\n', ',', '-1', '18446744073709551616', 'Ascend310P3'],
  answers: 'at once',
  read: bytes => {
    const text = textOf(bytes)
    sound(valueIn(text, 'version') !== '', 'a release without a name')
    visibleDevices({ [visibleDevicesVariable]: text })
    socVersionOf(text)
  },
}

const npy: Target = {
  name: 'npy',
  parses: 'readNpy',
  refusals: ['DATASET_INVALID'],
  largestBytes: 2048,
  dictionary: [
    '\x93NUMPY',
    "'descr': ",
    "'<f4'",
    "'fortran_order': ",
    'False',
    "'shape': (",
    '1, 64600',
    '), }',
    '\x01\0v\0',
  ],
  answers: 'at once',
  read: bytes => {
    const { dims, elements } = readNpy(Buffer.from(bytes), 'input.npy')
    sound(elements.length <= bytes.length, 'more elements than the file has bytes')
    sound(dims === null || dims.every(Number.isSafeInteger), 'a size that is none')
  },
}

const shapes: Target = {
  name: 'shapes',
  parses: 'parseShapeRange, parseNamedDims',
  refusals: ['INVALID_ARGUMENT'],
  largestBytes: 1024,
  dictionary: ['input:', '1~8~2', '1-2-4', ',', ';', '\n', '999999999', '__proto__:'],
  answers: 'at once',
  read: bytes => {
    for (const shape of parseShapeRange(textOf(bytes))) {
      for (const dims of parseNamedDims(shape).values()) {
        sound(
          dims.length > 0 && dims.every(size => Number.isSafeInteger(size) && size > 0),
          'a size that is none',
        )
      }
    }
  },
}

export const toolTargets: readonly Target[] = [npuSmi, npuSmiDevices, atc, hostTexts, npy, shapes]
