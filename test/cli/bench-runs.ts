/** What the tests of `aasist bench` share: models of the fixtures on a simulated NPU, and the command. */
import { join } from 'node:path'
import { root } from '../support/environment'
import { simulatedNpu, simulatorSettings } from '../support/native'
import { scratchFolder, startAasist, type Ended, type Running } from './support'

export const onnxFixture = (name: string): string => join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)

export interface BenchRuns {
  /** Where the command runs. */
  readonly folder: () => string
  /** A fixture as an offline model; `options` are atc's. */
  readonly om: (name: string, ...options: readonly string[]) => string
  readonly start: (args: readonly string[], env?: NodeJS.ProcessEnv) => Running
  readonly bench: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ended>
}

/** For a whole `describe`; skips it without simulator. */
export function benchRuns(): BenchRuns {
  const folder = scratchFolder()
  const npu = simulatedNpu()
  const start: BenchRuns['start'] = (args, env = {}) =>
    startAasist(['bench', ...args], {
      cwd: folder(),
      env: { ...simulatorSettings(), AASIST_ACL_LIBRARY: npu.libraryPath, ...env },
    })
  return {
    folder,
    om: (name, ...options) => npu.models.compile(onnxFixture(name), options),
    start,
    bench: (args, env) => start(args, env).ended,
  }
}
