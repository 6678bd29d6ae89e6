import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../support/environment'

const folder = join(root, 'examples', 'service')

interface Settings {
  readonly readSettings: (environment: Readonly<Record<string, string>>) => Readonly<Record<string, unknown>>
}

/** Node 20 does not require() what is an ES module. */
const settings = (): Promise<Settings> =>
  import(pathToFileURL(join(folder, 'settings.mjs')).href) as Promise<Settings>

describe('examples/service: settings', () => {
  it('are those that its README lists', () => {
    const source = readFileSync(join(folder, 'settings.mjs'), 'utf8')
    const taken = [...source.matchAll(/^ {2}([A-Z_]+): \{/gm)].map(([, name]) => name)
    const rows = readFileSync(join(folder, 'README.md'), 'utf8')
      .split('\n')
      .filter(line => line.startsWith('| `'))
    const listed = rows.flatMap(row =>
      [...row.split('|')[1]!.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
    )
    expect(taken).to.have.length.above(10)
    expect(listed).to.have.members(taken)
  })

  it('have defaults, and listen on loopback by them; what is empty is not set', async () => {
    const { readSettings } = await settings()
    expect(readSettings({ MODEL: '', PORT: ' ' })).to.deep.include({
      host: '127.0.0.1',
      port: 8080,
      maxSeconds: 300,
    })
    expect(readSettings({ MODEL: '' })).not.to.have.property('model')
  })

  for (const [name, value] of [
    ['PORT', '65536'],
    ['MAX_BYTES', '1e3.5'],
    ['SESSIONS', '0'],
    ['DEVICE', 'gpu'],
    ['THRESHOLD', 'high'],
  ] as const) {
    it(`refuse ${name}=${value} by name`, async () => {
      const { readSettings } = await settings()
      expect(() => readSettings({ [name]: value })).to.throw(RangeError, `${name} is "${value}"; expected`)
    })
  }
})
