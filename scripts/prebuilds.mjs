// What is compiled ahead for people without a compiler, and where it lies in the package:
// prebuilds/linux-<arch>/{aasist-ascend.glibc.node, simulator/lib/*.so, simulator/bin/*, built.json}.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const targets = [
  { arch: 'x64', prefix: process.arch === 'x64' ? '' : 'x86_64-linux-gnu-', processor: 'x86_64' },
  { arch: 'arm64', prefix: process.arch === 'arm64' ? '' : 'aarch64-linux-gnu-', processor: 'aarch64' },
]

export const prebuildFolder = (root, arch) => join(root, 'prebuilds', `linux-${arch}`)

/** Fingerprint of the sources a prebuild was made of; undefined when it is not there or not whole. */
export function builtFrom(root, arch) {
  const folder = prebuildFolder(root, arch)
  const stamp = join(folder, 'built.json')
  if (!existsSync(stamp)) return undefined
  const { sources, files } = JSON.parse(readFileSync(stamp, 'utf8'))
  return files.every(file => existsSync(join(folder, file))) ? sources : undefined
}
