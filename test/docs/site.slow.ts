import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'

function checkLinks(site: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'scripts', 'check-site-links.mjs'), site], {
    encoding: 'utf8',
  })
}

describe('the site of the docs', () => {
  const folder = scratchFolder()

  it('is built without a warning, has every page and every door, and no link that leads nowhere', function () {
    this.timeout(120_000)
    const typedoc = join(root, 'node_modules', 'typedoc', 'bin', 'typedoc')
    const site = join(folder(), 'site')
    const built = spawnSync(process.execPath, [typedoc, '--options', 'typedoc.config.mjs', '--out', site], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(built.status, built.stdout + built.stderr).to.equal(0)
    for (const page of ['docs_usage', 'docs_tutorials_service', 'docs_npu', 'CHANGELOG'])
      expect(existsSync(join(site, 'documents', `${page}.html`)), page).to.equal(true)
    const { exports: doors } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>
    }
    const modules = readFileSync(join(site, 'modules.html'), 'utf8')
    for (const door of Object.keys(doors).filter(each => each !== './package.json'))
      expect(modules).to.include(`>${door.replace('.', 'aasist-ascend')}<`)
    const { status, stdout, stderr } = checkLinks(site)
    expect(status, stderr).to.equal(0)
    expect(Number(/^(\d+) links/.exec(stdout)![1])).to.be.above(5000)
  })

  it('would not pass with a link that leads nowhere', () => {
    const page = (body: string): string => `<!doctype html><body><h1 id="top">t</h1>${body}</body>`
    const wrong = {
      'a file': '<a href="absent.html">',
      'a place': '<a href="other.html#absent">',
      'out of the site': '<a href="../package.json">',
      'a script from elsewhere': '<script src="https://example.org/x.js"></script>',
      'no https': '<a href="http://example.org">',
    }
    for (const [name, body] of Object.entries({ ...wrong, 'all right': '<a href="other.html#top">' })) {
      const site = join(folder(), name.replaceAll(' ', '-'))
      mkdirSync(site)
      writeFileSync(join(site, 'index.html'), page(body))
      writeFileSync(join(site, 'other.html'), page(''))
      cpSync(join(root, 'package.json'), join(folder(), 'package.json'))
      expect(checkLinks(site).status, name).to.equal(name === 'all right' ? 0 : 1)
    }
  })
})
