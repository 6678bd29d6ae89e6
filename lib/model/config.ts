/**
 * The `.conf` file that travels with an AASIST checkpoint: JSON, of which only `model_config` decides anything here.
 * The training part may hold what it likes (upstream's has booleans as text).
 */
import { ModelError } from '../errors'

/** Input and output channels of a residual block of the encoder. */
export type ChannelPair = readonly [input: number, output: number]

/** `model_config` of the file; names and meanings are those of clovaai/aasist. */
export interface ModelConfig {
  readonly architecture: 'AASIST'
  /** Samples at 16 kHz in one window. */
  readonly nbSamp: number
  /** Taps of the sinc filters; an even number is raised by one, as upstream does. */
  readonly firstConv: number
  /** Sinc filters, then the channels of encoder blocks 0, 1, 2 and 3; blocks 4 and 5 repeat the last pair. */
  readonly filts: readonly [filters: number, ...blocks: ChannelPair[]]
  /** Width of the graph attention layers and of the heterogeneous ones. */
  readonly gatDims: readonly [gat: number, heterogeneous: number]
  /** Share of nodes kept by pool_S, pool_T and all of pool_hS*, pool_hT*; the fourth is unused. */
  readonly poolRatios: readonly [number, number, number, number]
  /** Soft-max temperatures of GAT_layer_S, GAT_layer_T and all HtrgGAT layers; the fourth is unused. */
  readonly temperatures: readonly [number, number, number, number]
}

export interface AasistConfig {
  readonly model: ModelConfig
  /** `asv_score_path`: the ASV scores, relative to the corpus folder. */
  readonly asvScorePath?: string
  /** `database_path`: the corpus folder. */
  readonly databasePath?: string
}

const modelKeys = [
  'architecture',
  'nb_samp',
  'first_conv',
  'filts',
  'gat_dims',
  'pool_ratios',
  'temperatures',
]

/** Far from any published model. Sizes end up in allocations, and scores are divided by temperatures in float32. */
const limits = { samples: 960_000, taps: 4096, channels: 1024, coldest: 1e-6, hottest: 1e6 }
const longestText = 2 ** 20
/** Encoder blocks with channels of their own. */
const blockCount = 4
/** Front end and encoder pool three frequencies once, and time by 3 seven times. */
const frequencyPool = 3
const timePool = 3 ** 7

/**
 * @param text the file's text; a byte order mark is allowed
 * @param source what to call the file in messages
 * @throws ModelError `CONFIG_INVALID`: not JSON (`detail.line`, `detail.column`), or a key of `model_config` that is
 * missing, unknown or out of range (`detail.key`)
 */
export function parseConfig(text: string, source = 'the configuration'): AasistConfig {
  const reader = new Reader(source, '')
  const file = reader.object(parseJson(text, source), 'the file')
  const asvScorePath = reader.optionalText(file, 'asv_score_path')
  const databasePath = reader.optionalText(file, 'database_path')
  return {
    model: readModel(
      new Reader(source, 'model_config.'),
      reader.object(file['model_config'], 'model_config'),
    ),
    ...(asvScorePath === undefined ? {} : { asvScorePath }),
    ...(databasePath === undefined ? {} : { databasePath }),
  }
}

function readModel(reader: Reader, config: Readonly<Record<string, unknown>>): ModelConfig {
  const architecture = config['architecture']
  if (architecture !== 'AASIST') {
    throw reader.wrong('architecture', architecture, '"AASIST", which AASIST-L has too')
  }
  // A variant's extra switch changes the network; leaving it out would give scores of another one.
  const unknown = Object.keys(config).find(key => !modelKeys.includes(key))
  if (unknown !== undefined) throw reader.wrong(unknown, config[unknown], `only ${modelKeys.join(', ')}`)

  const firstConv = reader.integer(config['first_conv'], 'first_conv', 2, limits.taps)
  const taps = firstConv + 1 - (firstConv % 2)
  const shortest = taps - 1 + timePool
  return {
    architecture,
    nbSamp: reader.integer(config['nb_samp'], 'nb_samp', shortest, limits.samples),
    firstConv,
    filts: readChannels(reader, config['filts']),
    gatDims: readWidths(reader, config['gat_dims']),
    poolRatios: readFour(reader, config['pool_ratios'], 'pool_ratios', { above: 0, most: 1 }),
    temperatures: readFour(reader, config['temperatures'], 'temperatures', {
      above: limits.coldest,
      most: limits.hottest,
    }),
  }
}

function readWidths(reader: Reader, value: unknown): readonly [number, number] {
  const [gat, heterogeneous] = reader.list(value, 'gat_dims', 2)
  return [
    reader.integer(gat, 'gat_dims[0]', 1, limits.channels),
    reader.integer(heterogeneous, 'gat_dims[1]', 1, limits.channels),
  ]
}

function readChannels(reader: Reader, value: unknown): readonly [number, ...ChannelPair[]] {
  const [filters, ...pairs] = reader.list(value, 'filts', 1 + blockCount)
  const channels: [number, ...ChannelPair[]] = [
    reader.integer(filters, 'filts[0]', frequencyPool, limits.channels),
  ]
  let previous = 1
  for (const [index, pair] of pairs.entries()) {
    const key = `filts[${index + 1}]`
    const [first, second] = reader.list(pair, key, 2)
    const input = reader.integer(first, `${key}[0]`, 1, limits.channels)
    const output = reader.integer(second, `${key}[1]`, 1, limits.channels)
    if (input !== previous) {
      throw reader.wrong(`${key}[0]`, input, `${previous}, the channels that reach this block`)
    }
    if (index === blockCount - 1 && input !== output) {
      throw reader.wrong(
        key,
        [input, output],
        `two equal numbers, because this block is used three times in a row`,
      )
    }
    channels.push([input, output])
    previous = output
  }
  return channels
}

function readFour(
  reader: Reader,
  value: unknown,
  key: string,
  range: NumberRange,
): readonly [number, number, number, number] {
  const [a, b, c, d] = reader
    .list(value, key, 4)
    .map((entry, index) => reader.number(entry, `${key}[${index}]`, range))
  return [a!, b!, c!, d!]
}

interface NumberRange {
  readonly above: number
  readonly most: number
}

/** Checks of one value each; errors name the key, what was found and what was expected. */
class Reader {
  readonly #source: string
  readonly #prefix: string

  constructor(source: string, prefix: string) {
    this.#source = source
    this.#prefix = prefix
  }

  wrong(name: string, value: unknown, expected: string): ModelError {
    const key = `${this.#prefix}${name}`
    const found = shown(value)
    return new ModelError('CONFIG_INVALID', `${this.#source}: ${key} is ${found}, expected ${expected}`, {
      source: this.#source,
      key,
      found,
      expected,
    })
  }

  object(value: unknown, key: string): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong(key, value, 'a JSON object like that of AASIST-L.conf')
    }
    return value as Record<string, unknown>
  }

  list(value: unknown, key: string, length: number): readonly unknown[] {
    if (!Array.isArray(value) || value.length !== length) throw this.wrong(key, value, `a list of ${length}`)
    return value
  }

  integer(value: unknown, key: string, least: number, most: number): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw this.wrong(key, value, `a whole number from ${least} to ${most}`)
    }
    return value
  }

  number(value: unknown, key: string, { above, most }: NumberRange): number {
    if (typeof value !== 'number' || !(value > above && value <= most)) {
      throw this.wrong(key, value, `a number above ${above}, at most ${most}`)
    }
    return value
  }

  optionalText(object: Readonly<Record<string, unknown>>, key: string): string | undefined {
    const value = object[key]
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') throw this.wrong(key, value, 'text')
    return value
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  const json = jsonOf(value)
  return json.length > 80 ? `${json.slice(0, 80)}…` : json
}

/** V8 reads lists of any depth, and writes only as deep as its call stack. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return Array.isArray(value) ? 'a list of lists, too deep to show' : 'an object too deep to show'
  }
}

function parseJson(text: string, source: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text
  if (json.startsWith('PK\x03\x04')) {
    throw new ModelError(
      'CONFIG_INVALID',
      `${source} is a zip archive: were checkpoint and configuration swapped?`,
      {
        source,
      },
    )
  }
  if (json.length > longestText) {
    throw new ModelError(
      'CONFIG_INVALID',
      `${source} has ${json.length} characters, expected a configuration of at most ${longestText}`,
      { source },
    )
  }
  try {
    return JSON.parse(json) as unknown
  } catch (cause) {
    // V8 names a position for some mistakes only.
    const at = syntaxErrorPosition(json)
    const before = json.slice(0, at).split('\n')
    const line = before.length
    const column = before.at(-1)!.length + 1
    const found = at < json.length ? `found ${JSON.stringify(json.slice(at, at + 12))}` : 'the text ends'
    throw new ModelError(
      'CONFIG_INVALID',
      `${source} is not JSON: at line ${line}, column ${column} ${found}; expected a file like AASIST-L.conf`,
      { source, line, column },
      { cause },
    )
  }
}

const jsonToken =
  /[{}[\]:,]|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|"[\x20!\x23-\x5b\x5d-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[\x20!\x23-\x5b\x5d-\uffff]*)*"/y

/** Where JSON (RFC 8259) stops being JSON: the start of the first token that may not stand there. */
function syntaxErrorPosition(text: string): number {
  const open: string[] = []
  let expect: 'value' | 'item' | 'key' | 'first key' | 'colon' | 'separator' = 'value'
  let at = 0
  for (;;) {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++
    jsonToken.lastIndex = at
    const token = jsonToken.exec(text)?.[0]
    if (token === undefined) return at
    const closes = token === '}' || token === ']'
    const isValue = !':,}]'.includes(token)
    if (closes) {
      const matches = open.at(-1) === (token === '}' ? '{' : '[')
      const complete = expect === 'separator' || expect === (token === '}' ? 'first key' : 'item')
      if (!matches || !complete) return at
      open.pop()
      expect = 'separator'
    } else if (expect === 'value' || expect === 'item') {
      if (!isValue) return at
      if (token === '{' || token === '[') open.push(token)
      expect = token === '{' ? 'first key' : token === '[' ? 'item' : 'separator'
    } else if (expect === 'key' || expect === 'first key') {
      if (!token.startsWith('"')) return at
      expect = 'colon'
    } else if (expect === 'colon') {
      if (token !== ':') return at
      expect = 'value'
    } else {
      if (token !== ',' || open.length === 0) return at
      expect = open.at(-1) === '{' ? 'key' : 'value'
    }
    at += token.length
  }
}
