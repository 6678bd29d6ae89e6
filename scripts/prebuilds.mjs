// What is compiled ahead for people without a compiler, and where it lies in the package:
// prebuilds/linux-<arch>/{aasist-ascend.glibc.node, simulator/lib/*.so, simulator/bin/*, built.json}.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const targets = [
  { arch: 'x64', prefix: process.arch === 'x64' ? '' : 'x86_64-linux-gnu-', processor: 'x86_64' },
  { arch: 'arm64', prefix: process.arch === 'arm64' ? '' : 'aarch64-linux-gnu-', processor: 'aarch64' },
]

export const prebuildFolder = (root, arch) => join(root, 'prebuilds', `linux-${arch}`)

/** Fingerprint of the sources a prebuild was made of; undefined when there is none. */
export function builtFrom(root, arch) {
  const folder = prebuildFolder(root, arch)
  const complete = [
    'aasist-ascend.glibc.node',
    'simulator/lib/libascendcl.so',
    'simulator/bin/atc',
    'built.json',
  ]
  if (!complete.every(file => existsSync(join(folder, file)))) return undefined
  return JSON.parse(readFileSync(join(folder, 'built.json'), 'utf8')).sources
}
