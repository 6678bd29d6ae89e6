/** The binaries the package carries, and what they ask of a system. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/environment'
import { succeed } from './programs'

export type Arch = 'x64' | 'arm64'
export const arches: readonly Arch[] = ['x64', 'arm64']

export const folderOf = (arch: Arch): string => join(root, 'prebuilds', `linux-${arch}`)
export const addonOf = (arch: Arch): string => join(folderOf(arch), 'aasist-ascend.glibc.node')

/** Compiles what is missing or old in a checkout; minutes the first time, nothing afterwards. */
export function makePrebuilds(checkout = root): void {
  succeed(process.execPath, [join(checkout, 'scripts', 'build-prebuilds.mjs')], { folder: checkout })
}

/** Paths of the simulator's libraries and programs. */
export function simulatorFiles(arch: Arch): readonly string[] {
  const simulator = join(folderOf(arch), 'simulator')
  return ['lib', 'bin'].flatMap(part =>
    readdirSync(join(simulator, part)).map(name => join(simulator, part, name)),
  )
}

/** readelf reads the files of every architecture, which objdump does not. */
const readelf = (option: string, file: string): string =>
  execFileSync('readelf', ['--wide', option, file], { encoding: 'utf8' })

/** The newest version of a family such as GLIBC that a file asks for, as numbers. */
export function newestVersion(file: string, family: string): readonly number[] {
  const versions = [...readelf('--version-info', file).matchAll(new RegExp(`\\b${family}_([0-9.]+)`, 'g'))]
  return versions
    .map(match => match[1]!.split('.').map(Number))
    .reduce((best, each) => (isNewer(each, best) ? each : best), [0])
}

export function isNewer(version: readonly number[], than: readonly number[]): boolean {
  const at = version.findIndex((part, i) => part !== (than[i] ?? 0))
  return at !== -1 && version[at]! > (than[at] ?? 0)
}

/** The libraries a file is linked with. */
export const needed = (file: string): readonly string[] =>
  [...readelf('--dynamic', file).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(match => match[1]!)

/** The names a file defines for others. */
export const exported = (file: string): readonly string[] =>
  readelf('--dyn-syms', file)
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(
      ([, , , , bind, , section]) =>
        (bind === 'GLOBAL' || bind === 'WEAK') && section !== undefined && section !== 'UND',
    )
    .map(columns => columns[7]!.replace(/@.*/, ''))
