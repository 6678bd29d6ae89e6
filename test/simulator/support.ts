/** The simulator of this checkout, for tests that start programs on it. */
import { join } from 'node:path'
import { requireBuilt, root } from '../support/environment'
import { findSimulator } from '../../lib/toolchain'

export interface SimulatorBuild {
  /** Holds `lib` and `bin`. */
  readonly folder: string
  readonly atc: string
  /** What its library and atc need beside their paths. */
  readonly environment: Readonly<Record<string, string>>
}

/** How a program of the simulator ended, and what it said. */
export interface Answer {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Skips the calling test when the simulator is not built. `AASIST_SIMULATOR` names another build, such as a sanitized one. */
export function requireSimulatorBuild(test: Mocha.Context): SimulatorBuild {
  const folder = process.env['AASIST_SIMULATOR'] ?? join(root, 'build', 'simulator')
  requireBuilt(test, join(folder, 'lib', 'libascendcl.so'), 'the simulator')
  const found = findSimulator()
  return {
    folder,
    atc: join(folder, 'bin', 'atc'),
    environment: found.ortLibrary === undefined ? {} : { ACL_SIM_ORT_LIBRARY: found.ortLibrary },
  }
}
