/** What a result was made with. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'

// Bundlers take along what this is called with.
declare const require: NodeJS.Require
const requireFrom = createRequire(__filename)

export interface Versions {
  readonly 'aasist-ascend': string
  readonly node: string
  /** Null when it is not installed. */
  readonly onnxruntime: string | null
}

export function packageVersion(): string {
  return (require('../../package.json') as { version: string }).version
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

/** The instructions onnxruntime chooses its kernels by (MLAS, `platform.cpp`), as Linux calls them. */
const kernelFeatures = [
  ...['avx', 'avx2', 'fma', 'avx512f', 'avx512bw', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_int8'],
  ...['asimd', 'asimddp', 'asimdhp', 'i8mm', 'bf16', 'sve'],
]

/** Kernels are chosen by what the CPU can do, and their last bits differ: scores are comparable within a class. */
export function cpuClass(): string {
  const info = linuxCpuInfo()
  const present = new Set((info('flags') ?? info('Features') ?? '').split(' '))
  const features = kernelFeatures.filter(feature => present.has(feature))
  // On ARM there is no name, only numbers.
  const name = cpus()[0]?.model.trim() ?? 'unknown'
  const part = info('CPU part')
  const model = name === 'unknown' && part !== undefined ? `${info('CPU implementer') ?? ''} ${part}` : name
  return [process.arch, model, ...(features.length === 0 ? [] : [`(${features.join(' ')})`])].join(' ')
}

/** The first processor's fields by name; nothing on other systems. */
function linuxCpuInfo(): (name: string) => string | undefined {
  let text = ''
  try {
    text = readFileSync('/proc/cpuinfo', 'latin1')
  } catch {
    // Another system.
  }
  return name => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1]?.trim()
}
