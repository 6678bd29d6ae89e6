// What the binaries are made of, as one number: a prebuilt one is good as long as it has not changed.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Headers of these are compiled in. */
const headers = ['node-addon-api', 'node-api-headers']

/** As installed by package-lock.json. */
function headerVersions(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return headers.map(name => `${name} ${packages[`node_modules/${name}`].version}`)
}

/** SHA-256 over everything a compiler reads and how it is called; the same in every folder. */
export function nativeFingerprint(root) {
  const files = readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  const hash = createHash('sha256').update(`${headerVersions(root).join('\0')}\0`)
  const callers = ['binding.gyp', 'scripts/build-prebuilds.mjs'].map(name => join(root, name))
  for (const path of [...callers, ...files.sort()])
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0')
  return hash.digest('hex')
}
