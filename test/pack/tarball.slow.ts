/** The TypeScript projects that tarball.test.ts leaves out. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Consumer } from './consumer'
import { packInto } from './tarball'

describe('the packed package in other TypeScript projects', function () {
  this.timeout(120_000)
  let scratch: string
  let consumer: Consumer
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-pack-'))
    consumer = new Consumer(join(scratch, 'consumer'))
    consumer.unpack(packInto(scratch))
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  for (const project of ['node16, ESM', 'nodenext, ESM', 'bundler, ESM'] as const)
    it(`is used from strict TypeScript: ${project}`, () => {
      expect(consumer.compile(project)).to.deep.equal({ code: 0, stdout: '', stderr: '' })
      const { stdout, stderr } = consumer.runCompiled()
      const found = JSON.parse(stdout || JSON.stringify(stderr)) as { missing: string; eer: number }
      expect(found).to.deep.include({ missing: 'AUDIO_NOT_FOUND', eer: 0.5 })
    })
})
