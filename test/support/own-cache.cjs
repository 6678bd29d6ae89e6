/** Tests make a cache of their own: what the machine's user has measured or compiled must not show in them. */
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

if (process.env.AASIST_CACHE === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'aasist-test-cache-'))
  process.env.AASIST_CACHE = folder
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
}
