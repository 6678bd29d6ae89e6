/** Models, clips and corpora the scoring tests share. */
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { convertCheckpoint } from '../../lib/model'
import { Detector, type DetectorOptions } from '../../lib/scoring'
import { integerSignal } from '../audio/signals'
import { integerData, wavFile } from '../audio/wav-files'
import { root } from '../support/environment'
import { failureOf } from '../support/failure'
import { clipPath, demoModel, readJson } from '../support/golden'

export { failureOf }

/** A network of AASIST's shape that takes 1.5 s of audio and runs in 5 ms; PyTorch's scores are in its golden file. */
export const tinyModel = {
  checkpoint: join(root, 'test', 'fixtures', 'checkpoints', 'tiny-random.pth'),
  config: join(root, 'test', 'fixtures', 'checkpoints', 'tiny-random.conf'),
  windowSamples: 24_000,
}

/** A golden value of a demo clip, made by PyTorch. */
export interface DemoGolden {
  readonly utt: string
  readonly key: 'bonafide' | 'spoof'
  readonly attack: string
  readonly samples: number
  readonly logits: readonly [spoof: number, bonafide: number]
}

export const demoGolden = readJson(root, 'test', 'fixtures', 'demo', 'golden.json') as readonly DemoGolden[]
export const demoClips: readonly string[] = demoGolden.map(({ utt }) => clipPath(demoModel.corpus, utt))

/** A WAV file of 16 bits and 16 kHz; clips with different seeds score differently. */
export function speechWav({ seconds = 2, seed = 1 }: { seconds?: number; seed?: number } = {}): Buffer {
  return wavFile({ data: integerData([speechIntegers({ seconds, seed })], 2) })
}

export function speechIntegers({ seconds = 2, seed = 1 } = {}): number[] {
  return integerSignal('speech-like', Math.round(seconds * 16_000), 16, seed)
}

/** A detector that lives as long as the calling `describe`; call the result inside a test. */
export function sharedDetector(options: () => DetectorOptions): () => Detector {
  let detector: Detector | undefined
  before(async function () {
    this.timeout(60_000)
    detector = await Detector.load(options())
  })
  after(() => detector?.release())
  return () => detector!
}

let converted: Uint8Array | undefined

/** The tiny network as ONNX. Where the way from the checkpoint is not the point, it need not be gone again. */
function tinyOnnx(): Uint8Array {
  const { checkpoint, config } = tinyModel
  converted ??= convertCheckpoint(readFileSync(checkpoint), readFileSync(config, 'utf8'), { target: 'cpu' })
  return converted
}

export const tinyOptions = (more: DetectorOptions = {}): DetectorOptions => ({
  model: tinyOnnx(),
  sessions: 1,
  ...more,
})

/** Each test of the calling `describe` has a cache of its own. */
export function cacheIn(folder: () => string): void {
  const before = process.env['AASIST_CACHE']
  beforeEach(() => {
    process.env['AASIST_CACHE'] = folder()
  })
  afterEach(() => {
    if (before === undefined) delete process.env['AASIST_CACHE']
    else process.env['AASIST_CACHE'] = before
  })
}

export async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}

export async function expectCode(promise: Promise<unknown>, code: string): Promise<Error> {
  const error = await failureOf(promise)
  expect(errorCode(error), String(error)).to.equal(code)
  return error
}

export interface CorpusLine {
  readonly utterance: string
  /** `-` for bona fide speech. */
  readonly attack: string
  readonly key: 'bonafide' | 'spoof'
  /** A file to link to, the bytes of one, or nothing. */
  readonly audio?: string | Uint8Array
  readonly ending?: '.flac' | '.wav'
}

export const officialProtocol = 'ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt'
export const usualAsvScores = 'ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt'

export interface CorpusOptions {
  readonly protocol?: string
  readonly files?: Readonly<Record<string, string>>
}

/** Writes a corpus in the layout of ASVspoof 2019 LA. */
export function writeCorpus(
  folder: string,
  lines: readonly CorpusLine[],
  options: CorpusOptions = {},
): string {
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const audioFolder = join(folder, 'ASVspoof2019_LA_eval', 'flac')
  mkdirSync(audioFolder, { recursive: true })
  for (const { utterance, audio, ending = '.flac' } of lines) {
    if (typeof audio === 'string') symlinkSync(audio, join(audioFolder, utterance + ending))
    else if (audio !== undefined) writeFileSync(join(audioFolder, utterance + ending), audio)
  }
  const text = lines.map(({ utterance, attack, key }) => `SPK ${utterance} - ${attack} ${key}\n`).join('')
  write(options.protocol ?? officialProtocol, text)
  for (const [path, content] of Object.entries(options.files ?? {})) write(path, content)
  return folder
}

/** The first demo clips under other names, as a corpus. */
export function demoLines(count: number, prefix = 'UTT_'): CorpusLine[] {
  return Array.from({ length: count }, (_, index) => {
    const { key, attack } = demoGolden[index % demoGolden.length]!
    const audio = demoClips[index % demoClips.length]!
    return { utterance: `${prefix}${String(index).padStart(4, '0')}`, key, attack, audio }
  })
}

export const filesIn = (folder: string): string[] => readdirSync(folder).sort()
