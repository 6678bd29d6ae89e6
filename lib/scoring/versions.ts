/** What a result was made with. */
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { resolve } from 'node:path'

const requireFrom = createRequire(__filename)

export interface Versions {
  readonly 'aasist-ascend': string
  readonly node: string
  /** Null when it is not installed. */
  readonly onnxruntime: string | null
}

export function packageVersion(): string {
  return (requireFrom(resolve(__dirname, '..', '..', 'package.json')) as { version: string }).version
}

export function onnxruntimeVersion(): string | null {
  try {
    return (requireFrom('onnxruntime-node/package.json') as { version: string }).version
  } catch {
    return null
  }
}

export function versions(): Versions {
  return { 'aasist-ascend': packageVersion(), node: process.versions.node, onnxruntime: onnxruntimeVersion() }
}

/** Kernels are chosen by what the CPU can do, and their last bits differ: scores are comparable within a class. */
export function cpuClass(): string {
  return `${process.arch} ${cpus()[0]?.model.trim() ?? 'unknown'}`
}
