import { spawnSync } from 'node:child_process'
import { neutralEnvironment } from '../support/environment'
import type { Answer, SimulatorBuild } from './support'

export interface AtcRuns {
  readonly run: (args: readonly string[], env?: NodeJS.ProcessEnv) => Answer
  /** To out.om in the folder. */
  readonly compile: (model: string, ...options: readonly string[]) => Answer
}

/** Starts the simulator's atc; `place` is asked each time, since both are made by hooks. */
export function atcRuns(place: () => { readonly build: SimulatorBuild; readonly folder: string }): AtcRuns {
  const run: AtcRuns['run'] = (args, env = {}) => {
    const { build, folder } = place()
    return spawnSync(build.atc, args, {
      cwd: folder,
      env: { ...neutralEnvironment(), ...build.environment, ...env },
      encoding: 'utf8',
    })
  }
  return {
    run,
    compile: (model, ...options) =>
      run([`--model=${model}`, '--framework=5', '--output=out', '--soc_version=Ascend310P3', ...options]),
  }
}
