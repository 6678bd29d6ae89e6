/** What the tests of the NPU side need: the add-on, and the simulator in CANN's place. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { requireBuilt, root } from './environment'

/** Other builds of both may be tested, as those with sanitizers. */
export const addonPath = process.env['AASIST_ADDON'] ?? join(root, 'build', 'Release', 'ascend_addon.node')
const simulatorFolder = process.env['AASIST_SIMULATOR'] ?? join(root, 'build', 'simulator')
export const simulatorLibrary = join(simulatorFolder, 'lib', 'libascendcl.so')
export const atc = join(simulatorFolder, 'bin', 'atc')

/** Skips the calling test when there is no add-on. */
export function requireAddon(test: Mocha.Context): string {
  return requireBuilt(test, addonPath, 'the add-on')
}

/** Four devices, and the onnxruntime that is installed here to compute with. */
export function simulatorSettings(): Record<string, string> {
  const onnxruntime = dirname(createRequire(__filename).resolve('onnxruntime-node/package.json'))
  const library = join(onnxruntime, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime.so.1')
  return { ACL_SIM_DEVICES: '4', ACL_SIM_ORT_LIBRARY: library }
}

/**
 * Skips the calling test when there is no add-on or no simulator. Its settings for this process are made here, since
 * the library reads them once.
 */
export function requireSimulator(test: Mocha.Context): string {
  requireAddon(test)
  for (const [name, value] of Object.entries(simulatorSettings())) process.env[name] ??= value
  return requireBuilt(test, simulatorLibrary, 'the simulator')
}

/** Compiles ONNX files with the simulator's atc into a folder of its own. */
export class OfflineModels {
  readonly folder = mkdtempSync(join(tmpdir(), 'aasist-om-'))
  readonly #made = new Map<string, string>()

  /** `options`: further options of atc; the same model with other options is another model. */
  compile(onnx: string, options: readonly string[] = []): string {
    const key = [onnx, ...options].join('\0')
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const output = join(this.folder, `${basename(onnx, '.onnx')}-${this.#made.size}`)
    const fixed = ['--framework=5', '--soc_version=Ascend310P3', '--precision_mode=must_keep_origin_dtype']
    try {
      execFileSync(atc, [`--model=${onnx}`, `--output=${output}`, ...fixed, ...options], { stdio: 'pipe' })
    } catch (error) {
      const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer }
      throw new Error(`atc could not compile ${onnx}: ${stdout.toString()}${stderr.toString()}`, {
        cause: error,
      })
    }
    const om = `${output}.om`
    this.#made.set(key, om)
    return om
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export interface SimulatedNpu {
  readonly libraryPath: string
  /** A folder of their own, removed in the end. */
  readonly models: OfflineModels
}

/** For the tests of the calling `describe`, which are skipped as {@link requireSimulator} says. */
export function simulatedNpu(): SimulatedNpu {
  let libraryPath: string
  let models: OfflineModels | undefined
  before(function () {
    libraryPath = requireSimulator(this)
    models = new OfflineModels()
  })
  after(() => models?.remove())
  return {
    get libraryPath() {
      return libraryPath
    },
    get models() {
      return models!
    },
  }
}
