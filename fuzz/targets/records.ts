/** JSON files that this package finds beside models and results, where anybody may have changed them. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listCache } from '../../lib/scoring/cache'
import { readCalibration } from '../../lib/scoring/calibration-file'
import { EvaluationFiles } from '../../lib/scoring/evaluation-files'
import { readJudgement } from '../../lib/scoring/judgement'
import { modelOfScores } from '../../lib/scoring/scored-model'
import { readModelCard } from '../../lib/scoring/model-card'
import { describeOfflineModel } from '../../lib/toolchain/offline-model-info'
import { fileHolding, scratchFolder } from '../scratch'
import { sound, type Target } from '../target'

const jsonWords = [
  'null',
  'true',
  '1e999',
  '{}',
  '[]',
  '"__proto__":',
  '"constructor":',
  '\\u0000',
  '{"__proto__":{',
]

const modelCard: Target = {
  name: 'model-card',
  parses: 'readModelCard',
  refusals: ['CONFIG_INVALID'],
  largestBytes: 1024,
  dictionary: [...jsonWords, '"name":', '"threshold":', '"value":', '"source":', '"notice":'],
  answers: 'later',
  read: async bytes => {
    fileHolding('model.card.json', bytes)
    const card = await readModelCard(join(scratchFolder(), 'model.onnx'))
    sound(card !== null && typeof card.name === 'string', 'a card without name')
    sound(card.threshold === null || Number.isFinite(card.threshold.value), 'a threshold that is no number')
  },
}

const calibration: Target = {
  name: 'calibration',
  parses: 'readCalibration, and judging a score by it',
  refusals: ['CALIBRATION_INVALID'],
  largestBytes: 4096,
  dictionary: [
    ...jsonWords,
    ...['"format":"aasist-calibration"', '"version":1', '"scores":', '"method":', '"logistic"', '"pav"'],
    ...['"slope":', '"offset":', '"knots":[[', '"operatingPoints":', '"threshold":', '"missRate":'],
    ...['"falseAlarmRate":', '"decideBy":', '"eer"', '"miss=0.01"', '"false-alarm=1e-3"', '"fittedOn":'],
  ],
  answers: 'later',
  read: async bytes => {
    const path = fileHolding('calibration.json', bytes)
    await readCalibration(path)
    const judgeFor = await readJudgement({ calibration: path, spoofPrior: 0.05 })
    const { judge } = judgeFor({ sha256: '', threshold: null })
    const [low, high] = [judge(-3), judge(3)].map(({ spoofProbability: share }) => share ?? NaN)
    sound(low! >= 0 && low! <= 1, 'a probability that is none')
    sound(high! <= low!, 'a higher score that is likelier a spoof')
    sound(judge(0).expectedErrors !== null, 'a decision without its errors')
  },
}

const scoredModel: Target = {
  name: 'scored-model',
  parses: 'modelOfScores: metrics.json beside scores',
  refusals: [],
  largestBytes: 1024,
  dictionary: [...jsonWords, '"provenance":', '"model":', '"path":', '"sha256":"'],
  answers: 'later',
  read: async bytes => {
    fileHolding('metrics.json', bytes)
    const model = await modelOfScores(join(scratchFolder(), 'eval_scores.txt'))
    sound(model === null || typeof model.sha256 === 'string', 'a model without a digest')
  },
}

const manifestNow = { modelSha256: 'a'.repeat(64), configSha256: null, batch: 1, clips: 'U1:9 U2:8' }
const noTrials = [] as const

const manifest: Target = {
  name: 'manifest',
  parses: 'EvaluationFiles.begin: manifest.json of earlier results',
  refusals: ['OUTPUT_EXISTS'],
  largestBytes: 1024,
  dictionary: [
    ...jsonWords,
    '"modelSha256":',
    '"configSha256":',
    '"batch":',
    '"clips":',
    'toString',
    'valueOf',
  ],
  answers: 'later',
  read: async bytes => {
    const folder = join(scratchFolder(), 'results')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'manifest.json'), bytes)
    const files = new EvaluationFiles(folder)
    try {
      const { manifest: kept } = await files.begin(
        () => Promise.resolve(manifestNow),
        noTrials,
        () => undefined,
      )
      sound(kept === manifestNow, 'another manifest than this run has')
      await files.stop([])
    } finally {
      await files.unlock()
      rmSync(folder, { recursive: true })
    }
  },
}

/** What the model in front of the description holds: the description counts for this very file. */
const offlineModel = 'IMOD'

const offlineDescription: Target = {
  name: 'offline-description',
  parses: 'describeOfflineModel: the JSON beside an .om',
  refusals: [],
  largestBytes: 1024,
  dictionary: [
    ...jsonWords,
    '"soc":',
    '"atc":',
    '"version":',
    '"input":',
    '"path":',
    '"output":',
    '"sha256":',
  ],
  answers: 'later',
  read: async bytes => {
    const om = fileHolding('model.om', offlineModel)
    fileHolding('model.om.json', bytes)
    const info = await describeOfflineModel(om, { atc: null, environment: {} })
    sound(info === null || typeof info.soc === 'string', 'a model for a chip without name')
  },
}

const cache: Target = {
  name: 'cache',
  parses: 'listCache: the description of an entry',
  refusals: [],
  largestBytes: 1024,
  dictionary: [
    ...jsonWords,
    '"format":1',
    '"key":',
    '"about":',
    '"files":',
    '"made":',
    '"bytes":',
    '"sha256":',
  ],
  answers: 'later',
  read: async bytes => {
    const folder = join(scratchFolder(), 'cache')
    const entry = join(folder, 'entries', 'entry')
    mkdirSync(entry, { recursive: true })
    writeFileSync(join(entry, 'entry.json'), bytes)
    const [found] = await listCache(folder)
    sound(found?.state === 'ready' || found?.state === 'incomplete', 'an entry in no state')
  },
}

export const recordTargets: readonly Target[] = [
  modelCard,
  calibration,
  scoredModel,
  manifest,
  offlineDescription,
  cache,
]
