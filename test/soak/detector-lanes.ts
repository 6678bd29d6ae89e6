/** Speech scored as users do it: files, bad ones between them, given up half way; the numbers are PyTorch's. */
import type * as Package from '../../lib'
import { npuCodes } from './session-lanes'
import { type Tally, GIVEN_UP } from './tally'

export interface Speech {
  /** Of models/demo. */
  readonly clips: readonly { readonly file: string; readonly score: number }[]
  /** What is no speech, with the code that says so. */
  readonly bad: readonly { readonly file: string; readonly code: string }[]
  /** A small network as an offline model, and what it says of signals; the demo's would keep a busy CPU for seconds. */
  readonly om: string
  readonly signals: readonly { readonly samples: Float32Array; readonly score: number }[]
}

/** What any machine's arithmetic may differ by from PyTorch's: as in the test of the golden values. */
const tolerance = 1e-3

/** Few, so that a round is over soon. */
const clipsPerRound = 9

/** Clips with a bad file after every third. */
function mixed({ clips, bad }: Speech, count: number): { file: string; score?: number; code?: string }[] {
  const begin = (count * clipsPerRound) % clips.length
  const turn = [...clips, ...clips].slice(begin, begin + clipsPerRound)
  return turn.flatMap((clip, index) =>
    index % 3 === 2 ? [clip, bad[((index / 3) % bad.length) | 0]!] : [clip],
  )
}

async function scoreAll(
  detector: Package.Detector,
  lane: string,
  {
    tally,
    speech,
    count,
    codes,
    signal,
  }: { tally: Tally; speech: Speech; count: number; codes: readonly string[]; signal?: AbortSignal },
): Promise<void> {
  const wanted = mixed(speech, count)
  const files = wanted.map(({ file }) => file)
  let index = 0
  for await (const result of detector.scoreFiles(files, signal === undefined ? {} : { signal })) {
    const { file, score, code } = wanted[index++]!
    if (result.file !== file) tally.mistake(lane, `${result.file} came for ${file}`)
    if (result.error !== undefined) tally.error(lane, result.error, code === undefined ? codes : [code])
    else if (score === undefined) tally.mistake(lane, `${file} has a score`)
    else tally.compare(lane, [result.score], [score], tolerance)
  }
}

export async function cpuDetectorRound(
  { Detector }: typeof Package,
  { tally, speech, count }: { tally: Tally; speech: Speech; count: number },
): Promise<void> {
  const name = 'detector cpu'
  const isolation = count % 3 === 2 ? 'process' : 'thread'
  await using detector = await Detector.load({ device: 'cpu', sessions: 1, isolation })
  await scoreAll(detector, name, { tally, speech, count, codes: [] })
  const controller = new AbortController()
  setTimeout(() => controller.abort(GIVEN_UP), 500)
  await tally.attempt(name, ['given up'], () =>
    scoreAll(detector, name, { tally, speech, count, codes: [], signal: controller.signal }),
  )
}

export async function npuDetectorRound(
  { Detector }: typeof Package,
  { tally, speech, library }: { tally: Tally; speech: Speech; library: string },
): Promise<void> {
  const name = 'detector npu'
  process.env['AASIST_ACL_LIBRARY'] = library
  const detector = await tally.attempt(name, [...npuCodes, 'MODEL_INVALID', 'ACL_NO_DEVICE'], () =>
    Detector.load({ model: speech.om, device: 'npu', runTimeoutMs: 5000 }),
  )
  if (detector === undefined) return
  try {
    const each = speech.signals.map(async ({ samples, score }) => {
      const found = await tally.attempt(name, npuCodes, () =>
        detector.score({ samples, sampleRateHz: 16_000 }),
      )
      if (found !== undefined) tally.compare(name, [found.score], [score], tolerance)
    })
    await Promise.all(each)
  } finally {
    await detector.release()
  }
}
