/** The package as npm would publish it, from what dist holds after set-up. */
import { join } from 'node:path'
import { root } from '../support/environment'
import { succeed } from './programs'

export interface Tarball {
  readonly path: string
  readonly packedBytes: number
  readonly unpackedBytes: number
  /** Paths inside the package, sorted. */
  readonly files: readonly string[]
}

interface NpmPackOutput {
  filename: string
  size: number
  unpackedSize: number
  files: { path: string }[]
}

/** Set-up instead of the `prepack` script, which would compile once more what is there already. */
export function packInto(folder: string): Tarball {
  succeed(process.execPath, [join(root, 'scripts', 'setup.mjs')], { folder: root })
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [packed] = JSON.parse(succeed('npm', args, { folder: root }).stdout) as NpmPackOutput[]
  return {
    path: join(folder, packed!.filename),
    packedBytes: packed!.size,
    unpackedBytes: packed!.unpackedSize,
    files: packed!.files.map(({ path }) => path).sort(),
  }
}
