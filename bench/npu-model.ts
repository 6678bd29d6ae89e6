/** What the measurements of NPU sessions share: AASIST-L as an offline model, on the simulator. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { convertCheckpoint } from '../lib'
import { checkpoint } from './clips'

const root = resolve(__dirname, '..')
export const library = join(root, 'build', 'simulator', 'lib', 'libascendcl.so')

export const samples = 64_600

/** Files that are there for one measurement. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'aasist-bench-'))

  /** AASIST-L, `batch` clips a run. */
  compileAasist({ batch = 1 } = {}): string {
    const output = join(this.folder, `aasist-l-${batch}`)
    const onnx = `${output}.onnx`
    writeFileSync(onnx, convertCheckpoint(checkpoint.bytes, checkpoint.config, { batch }))
    const options = ['--framework=5', '--soc_version=Ascend310P3', `--model=${onnx}`, `--output=${output}`]
    execFileSync(join(root, 'build', 'simulator', 'bin', 'atc'), options)
    return `${output}.om`
  }

  /** A program of bench/peers. */
  compilePeer(name: string): string {
    const program = join(this.folder, name)
    const source = join(root, 'bench', 'peers', `${name}.cc`)
    execFileSync('g++', ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', source, '-ldl', '-o', program])
    return program
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
