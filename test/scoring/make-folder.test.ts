import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeFolder } from '../../lib/scoring/make-folder'
import { failureOf } from '../support/failure'
import { scratchFolder } from '../support/scratch-folder'

describe('makeFolder', () => {
  const folder = scratchFolder()

  it('makes a folder and those above it, and takes one that is there', async () => {
    const path = join(folder(), 'a', 'b', 'c')
    await makeFolder(path)
    await makeFolder(path)
    expect(statSync(path).isDirectory()).to.equal(true)
  })

  it('lets many make the same at the same time', async () => {
    for (let round = 0; round < 200; round++) {
      const path = join(folder(), String(round), 'b', 'c')
      await Promise.all([path, path, join(path, 'd'), path].map(makeFolder))
      expect(statSync(join(path, 'd')).isDirectory()).to.equal(true)
    }
  })

  it('ends with the reason of the system where nothing can be made', async () => {
    expect((await failureOf(makeFolder('/proc/aasist/a/b'))).code).to.equal('ENOENT')
    const file = join(folder(), 'file')
    writeFileSync(file, '')
    expect((await failureOf(makeFolder(file))).code).to.equal('EEXIST')
    expect((await failureOf(makeFolder(join(file, 'a')))).code).to.equal('ENOTDIR')
  })
})
