// What the binaries are made of, as one number: a prebuilt one is good as long as it has not changed.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** SHA-256 over the paths and contents of everything a compiler reads; the same in every folder. */
export function nativeFingerprint(root) {
  const files = readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  const hash = createHash('sha256')
  for (const path of [join(root, 'binding.gyp'), ...files.sort()])
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0')
  return hash.digest('hex')
}
