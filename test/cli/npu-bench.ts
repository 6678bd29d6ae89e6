/** What the evaluations on the simulator share: a folder, offline models in it, and the command under two NPUs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OfflineModels, requireSimulator, simulatorSettings } from '../support/native'
import { aasist, expectSuccess } from './support'

type Ended = Awaited<ReturnType<typeof aasist>>

export interface NpuBench {
  readonly folder: () => string
  readonly library: () => string
  readonly environment: () => NodeJS.ProcessEnv
  readonly run: (...args: string[]) => Promise<Ended>
  /** The model for the CPU, and what the simulator's atc makes of it. */
  readonly convert: (checkpoint: string, config: string) => Promise<{ onnx: string; om: string }>
  /** Gives the file of scores. */
  readonly evaluate: (model: string, data: string, out: string, ...more: string[]) => Promise<string>
}

/** For a whole `describe`; skips it without simulator. */
export function npuBench(): NpuBench {
  let library = ''
  let models: OfflineModels | undefined
  let folder = ''
  before(function () {
    library = requireSimulator(this)
    models = new OfflineModels()
    folder = mkdtempSync(join(tmpdir(), 'aasist-npu-'))
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
    models?.remove()
  })
  const environment = (): NodeJS.ProcessEnv => ({
    ...simulatorSettings(),
    AASIST_ACL_LIBRARY: library,
    ACL_SIM_DEVICES: '2',
  })
  const run = (...args: string[]): Promise<Ended> => aasist(args, { env: environment(), timeoutSeconds: 280 })
  return {
    folder: () => folder,
    library: () => library,
    environment,
    run,
    async convert(checkpoint, config) {
      const onnx = join(folder, `${checkpoint.replaceAll(/\W+/g, '-')}.onnx`)
      const options = ['--checkpoint', checkpoint, '--config', config, '--target', 'cpu', '--out', onnx]
      expectSuccess(await run('convert', ...options))
      return { onnx, om: models!.compile(onnx) }
    },
    async evaluate(model, data, out, ...more) {
      expectSuccess(await run('eval', '--model', model, '--data', data, '--out', join(folder, out), ...more))
      return readFileSync(join(folder, out, 'eval_scores.txt'), 'utf8')
    },
  }
}

/** The official AASIST-L on real clips, on the simulator and on the CPU: both files of scores. */
export async function realScores(
  { convert, evaluate }: NpuBench,
  data: string,
): Promise<{ npu: string; cpu: string }> {
  const checkpoint = join(data, 'checkpoints', 'AASIST-L.pth')
  const { onnx, om } = await convert(checkpoint, checkpoint.replace(/pth$/, 'conf'))
  const [npu, cpu] = await Promise.all([
    evaluate(om, join(data, 'LA'), 'real-npu', '--device', 'npu'),
    evaluate(onnx, join(data, 'LA'), 'real-cpu', '--device', 'cpu', '--sessions', '1'),
  ])
  return { npu, cpu }
}
