/** Many shapes of a model with dynamic shapes, one after the other, as ais_bench's `--dymShape_range` names them. */
import { ArgumentTypeError, errorCode, errorMessage } from '../errors'
import { benchmark, type Benchmark } from './benchmark'
import type { BenchmarkOptions } from './options'
import { parseNamedDims } from './shapes'
import { float } from './summary'

export interface ShapeRangeOptions extends Omit<BenchmarkOptions, 'shape'> {
  /** Shapes as `name:1,3,224;other:1,3`, each at most once; see {@link parseShapeRange}. */
  readonly shapes: readonly string[]
  /** After each shape. */
  readonly onShape?: (result: ShapeResult) => void
}

export interface ShapeResult {
  readonly shape: string
  /** Null where it failed. */
  readonly measured: Benchmark | null
  readonly error: Error | null
}

/** More are no benchmark but a mistake in a range. */
const mostShapes = 10_000
const longestRange = 1_000_000
/** As much as {@link parseNamedDims} takes of one shape. */
const longestLine = 2048

/**
 * Every combination of `name:1,3,200~224~8;other:1-2-4,300`: `low~high~step` (step 1 when left out) and lists `x-y-z`.
 * Lines of a text are specifications of their own.
 * @throws ArgumentTypeError `INVALID_ARGUMENT`
 */
export function parseShapeRange(text: string): readonly string[] {
  const lines = text.length > longestRange ? [] : text.split('\n').map(line => line.trim())
  const shapes = new Set<string>()
  let made = 0
  for (const line of lines.filter(each => each !== '')) {
    const found = combinations(line)
    made += found.length
    if (made > mostShapes) throw invalid(text, `it makes more than ${mostShapes} shapes`)
    for (const shape of found) shapes.add(shape)
  }
  if (shapes.size === 0) throw invalid(text, 'it names no shape')
  for (const shape of shapes) parseNamedDims(shape)
  return [...shapes]
}

function combinations(line: string): readonly string[] {
  if (line.length > longestLine) throw invalid(line, `a line has at most ${longestLine} characters`)
  const parts = line.split(';').filter(part => part !== '')
  return product(
    parts.map(part => {
      const colon = part.lastIndexOf(':')
      if (colon < 1) throw invalid(line, 'each part is name:sizes')
      const sizes = part
        .slice(colon + 1)
        .split(',')
        .map(size => valuesOf(size, line))
      return product(
        sizes.map(values => values.map(String)),
        line,
      ).map(dims => `${part.slice(0, colon)}:${dims.join()}`)
    }),
    line,
  ).map(each => each.join(';'))
}

/** `8`, `1-2-4`, `200~224` or `200~224~8`. */
function valuesOf(text: string, line: string): readonly number[] {
  const [, low, high, step = '1'] = /^(\d{1,9})~(\d{1,9})(?:~(\d{1,9}))?$/.exec(text) ?? []
  if (low !== undefined && high !== undefined) {
    const [first, last, by] = [Number(low), Number(high), Number(step)]
    if (first > last || by < 1) throw invalid(line, `${text} is no range from low to high`)
    const count = Math.floor((last - first) / by) + 1
    if (count > mostShapes) throw invalid(line, `${text} makes more than ${mostShapes} shapes`)
    return Array.from({ length: count }, (_, index) => first + index * by)
  }
  if (!/^\d{1,9}(-\d{1,9})*$/.test(text)) throw invalid(line, `${text} is no size, list or range`)
  return text.split('-').map(Number)
}

function product<T>(lists: readonly (readonly T[])[], line: string): readonly (readonly T[])[] {
  const count = lists.reduce((total, { length }) => total * length, 1)
  if (count > mostShapes) throw invalid(line, `it makes more than ${mostShapes} shapes`)
  return lists.reduce<readonly (readonly T[])[]>(
    (all, list) => all.flatMap(before => list.map(value => [...before, value])),
    [[]],
  )
}

function invalid(text: string, why: string): ArgumentTypeError {
  return new ArgumentTypeError(
    `"${text.slice(0, 200)}" gives no shapes: ${why}; write name:1,3,200~224~8;other:1-2-4,300, or name a file with such lines`,
  )
}

/** What no other shape can mend. */
const endsEverything: ReadonlySet<string> = new Set([
  ...['INVALID_ARGUMENT', 'UNKNOWN_OPTION'],
  ...['MODEL_NOT_FOUND', 'MODEL_INVALID', 'ADDON_NOT_FOUND', 'UNSUPPORTED_PLATFORM'],
  ...['ACL_LIBRARY_NOT_FOUND', 'ACL_SYMBOL_MISSING', 'ACL_NO_DEVICE', 'CPU_BACKEND_MISSING'],
])

/**
 * Measures each shape by itself. One that fails does not end the others, unless the model or the device is not there at
 * all.
 * @throws the signal's reason, after which `onShape` has had those that were done; the errors of opening sessions; ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
 */
export async function benchmarkShapes(options: ShapeRangeOptions): Promise<readonly ShapeResult[]> {
  const { shapes, onShape, ...rest } = options
  const results: ShapeResult[] = []
  for (const shape of shapes) {
    options.signal?.throwIfAborted()
    const result = await measureShape(shape, rest)
    results.push(result)
    onShape?.(result)
  }
  return results
}

async function measureShape(shape: string, options: Omit<BenchmarkOptions, 'shape'>): Promise<ShapeResult> {
  try {
    const measured = await benchmark({ ...options, shape: { kind: 'dims', dims: parseNamedDims(shape) } })
    if (!measured.complete) options.signal?.throwIfAborted()
    return { shape, measured, error: measured.stoppedBy }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (endsEverything.has(errorCode(error) ?? '')) throw error
    return { shape, measured: null, error: error instanceof Error ? error : new Error(errorMessage(error)) }
  }
}

/** ais_bench's block, fastest first, without the `[INFO] ` in front of each line. */
export function shapeRangeSummary(results: readonly ShapeResult[]): readonly string[] {
  const rated = results.map(({ shape, measured, error }) => ({
    shape,
    result: error === null ? 'OK' : 'Failed',
    throughput: error === null ? (measured?.throughput ?? 0) : 0,
  }))
  const good = rated.filter(({ result }) => result === 'OK')
  const average = good.reduce((sum, { throughput }) => sum + throughput, 0) / good.length
  return [
    '-----------------dyshape_range Performance Summary------------------',
    `run_count:${results.length} success_count:${good.length} avg_throughput:${good.length === 0 ? 'nan' : float(average)}`,
    ...rated
      .sort((one, other) => other.throughput - one.throughput)
      .map(
        // Two spaces, as there.
        ({ shape, result, throughput }, index) =>
          `${index} dymshape:${shape}  result:${result} throughput:${float(throughput)}`,
      ),
    '------------------------------------------------------',
  ]
}
