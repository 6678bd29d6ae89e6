/** What npm installs along with the package, by package-lock.json. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/environment'

export interface ProductionPackage {
  readonly name: string
  /** Where it is in node_modules. */
  readonly path: string
  /** An SPDX expression. */
  readonly licence: string
}

interface LockEntry {
  readonly dev?: boolean
  readonly license?: string
}

export function productionPackages(): readonly ProductionPackage[] {
  const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lockfile) as { packages: Record<string, LockEntry> }
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { license = 'none' }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      path,
      licence: license,
    }))
}

/** They may be used in products and passed on if their notices are. */
const accepted = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'CC0-1.0']

/** Whether an SPDX expression of one level allows it: one of what OR offers, all of what AND asks for. */
export function isAccepted(licence: string): boolean {
  const terms = licence.replace(/^\((.*)\)$/, '$1')
  if (terms.includes(' OR ')) return terms.split(' OR ').some(term => accepted.includes(term))
  return terms.split(' AND ').every(term => accepted.includes(term))
}
