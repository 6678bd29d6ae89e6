/** What the scores of an evaluation depend on, to tell whether two runs may share a results folder. */
import { stat } from 'node:fs/promises'
import { audioPath, type Corpus } from '../dataset'
import type { Detector, DetectorOptions } from './detector'
import type { EarlierRun, Manifest } from './evaluation-files'
import { cpuClass, versions } from './versions'

export async function evaluationManifest(
  parts: {
    readonly corpus: Corpus
    readonly detector: Detector
    readonly options: Pick<DetectorOptions, 'resample' | 'channels'>
  },
  earlier: EarlierRun,
): Promise<Manifest> {
  const { corpus, detector, options } = parts
  return {
    ...manifestOf(corpus, detector, options),
    clips: await clipSizes(corpus, earlier.manifest?.['clips'], earlier.isScored),
  }
}

/** Everything a score can depend on. Paths and dates are not among it: moving a corpus changes nothing. */
function manifestOf(
  corpus: Corpus,
  detector: Detector,
  options: Pick<DetectorOptions, 'resample' | 'channels'>,
): Manifest {
  const { provenance, device } = detector
  const isCpu = device.kind === 'cpu'
  return {
    modelSha256: provenance.sha256,
    configSha256: provenance.configSha256,
    graphSha256: provenance.graphSha256,
    conversion: provenance.conversion === null ? null : JSON.stringify(provenance.conversion),
    batch: detector.batch,
    // Decoding, resampling and windows are its own.
    package: `aasist-ascend ${versions()['aasist-ascend']}`,
    runtime: isCpu ? `onnxruntime ${versions().onnxruntime ?? 'none'}` : `AscendCL on ${device.socName}`,
    cpu: isCpu ? cpuClass() : null,
    resample: options.resample ?? 'convert',
    channels: options.channels ?? 'average',
    protocolSha256: corpus.protocolSha256,
    utterances: corpus.trials.length,
  }
}

/** How many clips tell whether a corpus with the same list is the same corpus. */
const comparedClips = 16

/**
 * `utterance:bytes` of some clips, of those that an earlier manifest names if there is one. One that is not there any
 * more says nothing, nor does one without a score, which may have been repaired; and a corpus may move.
 */
async function clipSizes(
  corpus: Corpus,
  earlier: Manifest[string] | undefined,
  isScored: (place: number) => boolean,
): Promise<string> {
  const known = new Map(
    typeof earlier !== 'string'
      ? []
      : earlier.split(' ').map(text => {
          const colon = text.lastIndexOf(':')
          return [text.slice(0, colon), text.slice(colon + 1)] as const
        }),
  )
  const present = [...corpus.trials.keys()].filter(index => corpus.audioEndings[index] !== undefined)
  const step = Math.max(1, Math.floor(present.length / comparedClips))
  const compared =
    known.size > 0
      ? [...corpus.trials.keys()].filter(index => known.has(corpus.trials[index]!.utterance))
      : present.filter((_, order) => order % step === 0).slice(0, comparedClips)
  const sizes = compared.map(async index => {
    const { utterance } = corpus.trials[index]!
    const path = known.size === 0 || isScored(index) ? audioPath(corpus, index) : undefined
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined)
    return `${utterance}:${found?.size ?? known.get(utterance) ?? 'missing'}`
  })
  return (await Promise.all(sizes)).join(' ')
}
