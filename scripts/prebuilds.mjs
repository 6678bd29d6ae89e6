// What is compiled ahead for people without a compiler, and where it lies in the package:
// prebuilds/linux-<arch>/{aasist-ascend.glibc.node, simulator/lib/*.so, simulator/bin/*, built.json}.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const targets = [
  { arch: 'x64', prefix: process.arch === 'x64' ? '' : 'x86_64-linux-gnu-', processor: 'x86_64' },
  { arch: 'arm64', prefix: process.arch === 'arm64' ? '' : 'aarch64-linux-gnu-', processor: 'aarch64' },
]

export const prebuildFolder = (root, arch) => join(root, 'prebuilds', `linux-${arch}`)

export const hashOf = path => createHash('sha256').update(readFileSync(path)).digest('hex')

/** What is wrong with a prebuild, where its sources should have this fingerprint; undefined when nothing is. */
export function faultOf(root, arch, fingerprint) {
  const folder = prebuildFolder(root, arch)
  const stamp = join(folder, 'built.json')
  if (!existsSync(stamp)) return 'missing'
  const { sources, files } = JSON.parse(readFileSync(stamp, 'utf8'))
  if (sources !== fingerprint) return 'older than native/ or how it is compiled'
  for (const [file, hash] of Object.entries(files)) {
    const path = join(folder, file)
    if (!existsSync(path)) return `without ${file}`
    if (hashOf(path) !== hash) return `damaged (${file})`
  }
  return undefined
}
