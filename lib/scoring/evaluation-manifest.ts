/** What the scores of an evaluation depend on, to tell whether two runs may share a results folder. */
import { stat } from 'node:fs/promises'
import { audioPath, type Corpus } from '../dataset'
import type { Detector } from './detector'
import type { DetectorOptions } from './detector-options'
import type { EarlierRun, Manifest } from './evaluation-files'
import type { OfflineProvenance } from './npu/model-for-npus'
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
  const { provenance, batches } = detector
  const gears = batches !== null && batches.length > 1 ? batches : undefined
  return {
    modelSha256: provenance.sha256,
    configSha256: provenance.configSha256,
    graphSha256: provenance.graphSha256,
    conversion: provenance.conversion === null ? null : JSON.stringify(provenance.conversion),
    // Of a model with gears, each clip's run has its size by its place in the list.
    batch: gears ? gears.join() : detector.batch,
    // Another release of atc makes another model of the same graph.
    ...(provenance.offline !== null && { compiled: compiledText(provenance.offline) }),
    // Decoding, resampling and windows are its own.
    package: `aasist-ascend ${versions()['aasist-ascend']}`,
    ...computing(detector),
    resample: options.resample ?? 'convert',
    channels: options.channels ?? 'average',
    protocolSha256: corpus.protocolSha256,
    utterances: corpus.trials.length,
  }
}

function compiledText({ soc, target, options, atcVersion }: OfflineProvenance): string {
  return JSON.stringify({ soc, target, options, atcVersion })
}

/** Every NPU of a pool is the same by what it is called; which of them computed a score does not matter. */
function computing(detector: Detector): Pick<Manifest, 'runtime' | 'cpu'> {
  const { device, devices } = detector
  const cpu = devices.some(({ kind }) => kind === 'cpu')
  if (device.kind === 'cpu' || !cpu) return computingOn(detector)
  const runtime = `${String(computingOn(detector).runtime)}, and onnxruntime ${versions().onnxruntime ?? 'none'}`
  return { runtime, cpu: cpuClass() }
}

function computingOn({ device, npu }: Detector): Pick<Manifest, 'runtime' | 'cpu'> {
  if (device.kind === 'cpu') {
    return { runtime: `onnxruntime ${versions().onnxruntime ?? 'none'}`, cpu: cpuClass() }
  }
  const release =
    `CANN ${npu?.cannVersion ?? 'of unknown version'}, AscendCL ${npu?.aclVersion ?? ''}`.trimEnd()
  if (npu?.simulator !== true) return { runtime: `${release} on ${device.socName}`, cpu: null }
  return { runtime: `simulator (${release}, ${device.socName})${latencyMode()}`, cpu: cpuClass() }
}

/** In it the simulator's scores are no scores, whose place is not among others. */
function latencyMode(): string {
  return process.env['ACL_SIM_EXEC_US'] ? ' in latency mode' : ''
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
