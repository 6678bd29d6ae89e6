/** docs/tutorials: every file, every command, and all that they say is to be seen. */
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root, requireTool } from '../support/environment'
import { demoModel } from '../support/golden'
import { requireSimulator } from '../support/native'
import { scratchFolder } from '../support/scratch-folder'
import { programOf } from './page'
import { follow, installPackage } from './reader'

const folderOf = join('docs', 'tutorials')
/** The overview has no commands but those that install, which stand for {@link installPackage}. */
const tutorials = readdirSync(join(root, folderOf)).filter(name => name !== 'README.md')

/** What of a page is not in the package, and not made by its commands. */
const given: Readonly<Record<string, (folder: string, test: Mocha.Context) => void>> = {
  'evaluate.md': folder => {
    // They are for whoever has them; the demo's are the same network.
    symlinkSync(demoModel.checkpoint, join(folder, 'AASIST-L.pth'))
    symlinkSync(demoModel.config, join(folder, 'AASIST-L.conf'))
  },
  'benchmark.md': (_, test) => requireSimulator(test),
  'acl-without-npu.md': (_, test) => {
    requireSimulator(test)
    requireTool(test, 'gcc')
  },
  'service.md': (_, test) => requireTool(test, 'curl'),
}

describe('docs/tutorials', () => {
  const folder = scratchFolder()

  for (const name of tutorials) {
    it(`${name} can be followed from its first line to its last, and shows what it says`, async function () {
      this.timeout(400_000)
      given[name]?.(folder(), this)
      installPackage(folder())
      const page = join(folderOf, name)
      await follow(page, programOf(page), folder(), 380)
    })
  }
})
