import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Detector, listCache, removeFromCache, type TileChoice, type TilesEvent } from '../../lib'
import { tileCandidates } from '../../lib/scoring/cpu-tiles'
import { defaultTiles } from '../../lib/model'
import { scratchFolder } from '../support/scratch-folder'
import { cacheIn, speechWav, tinyModel } from './support'

describe('time tiles for this CPU', () => {
  const folder = scratchFolder()
  cacheIn(() => join(folder(), 'cache'))

  interface Opened {
    readonly tiles: unknown
    readonly events: readonly TilesEvent[]
    readonly score: number
  }

  async function open(tiles?: TileChoice): Promise<Opened> {
    const events: TilesEvent[] = []
    await using detector = await Detector.load({
      model: tinyModel.checkpoint,
      device: 'cpu',
      sessions: 1,
      ...(tiles !== undefined && { tiles }),
      onTiles: event => events.push(event),
    })
    const { score } = await detector.score(speechWav())
    return { tiles: detector.provenance.conversion?.tiles, events, score }
  }

  const kinds = ({ events }: Opened): readonly string[] => events.map(({ kind }) => kind)

  it('are those of every machine, unless somebody has them measured', async () => {
    const opened = await open()
    expect(opened.tiles).to.deep.equal(defaultTiles)
    expect(opened.events).to.deep.equal([])
    expect(existsSync(join(folder(), 'cache'))).to.equal(false)
  })

  it('are measured once, kept in the cache, and part of what a result was made with', async () => {
    const first = await open('measured')
    expect(kinds(first)).to.deep.equal(['measuring', 'measured'])
    const measured = first.events.at(-1) as Extract<TilesEvent, { kind: 'measured' }>
    expect(measured.times.map(({ tiles }) => tiles)).to.deep.equal(tileCandidates)
    for (const { windowMs } of measured.times) expect(windowMs).to.be.above(0)
    expect(first.tiles).to.deep.equal(measured.tiles)
    const [entry, ...more] = await listCache()
    expect(more).to.deep.equal([])
    expect(entry!.name).to.match(/^cpu-tiles-/)
    expect(entry!.about['model']).to.match(/^time tiles for /)

    for (const choice of ['measured', 'stored', undefined] as const) {
      const again = await open(choice)
      expect(again.events).to.deep.equal([])
      expect(again.tiles).to.deep.equal(first.tiles)
      expect(again.score).to.equal(first.score)
    }
    await removeFromCache({ all: true })
    expect((await open('stored')).tiles).to.deep.equal(defaultTiles)
  })

  it('can be those of every machine although others are stored, and scores are the same within 1e-5', async () => {
    await open('measured')
    const name = entryFolder()
    const other = tileCandidates[1]!
    store(name, JSON.stringify({ format: 1, tiles: other, times: [] }))
    const stored = await open('stored')
    expect(stored.tiles).to.deep.equal(other)
    const common = await open('default')
    expect(common.tiles).to.deep.equal(defaultTiles)
    expect(stored.score).to.be.closeTo(common.score, 1e-5)
  })

  const entryFolder = (): string => {
    const entries = join(folder(), 'cache', 'entries')
    return join(entries, readdirSync(entries)[0]!)
  }

  /** Writes what stands for a measurement and the checksum that belongs to it, as somebody with an editor would. */
  function store(entry: string, text: string): void {
    writeFileSync(join(entry, 'tiles.json'), text)
    const description = JSON.parse(readFileSync(join(entry, 'entry.json'), 'utf8')) as { files: object[] }
    const sha256 = createHash('sha256').update(text).digest('hex')
    description.files = [{ name: 'tiles.json', bytes: Buffer.byteLength(text), sha256 }]
    writeFileSync(join(entry, 'entry.json'), JSON.stringify(description))
  }

  it('are measured anew when what is stored is damaged, and never taken from a file that names no candidate', async () => {
    await open('measured')
    writeFileSync(join(entryFolder(), 'tiles.json'), '{')
    expect(kinds(await open('measured'))).to.deep.equal(['measuring', 'measured'])
    store(entryFolder(), JSON.stringify({ format: 1, tiles: [{ blocks: 1, framesPerTile: 4 }] }))
    expect((await open('stored')).tiles).to.deep.equal(defaultTiles)
  })

  it('are those of every machine where they cannot be kept, because another run would measure others', async () => {
    const occupied = join(folder(), 'occupied')
    writeFileSync(occupied, '')
    process.env['AASIST_CACHE'] = occupied
    const opened = await open('measured')
    expect(opened.tiles).to.deep.equal(defaultTiles)
    expect(kinds(opened)).to.deep.equal(['not stored'])
  })

  it('are measured by one of several that want them at once', async () => {
    mkdirSync(join(folder(), 'cache'))
    const all = await Promise.all([open('measured'), open('measured'), open('measured')])
    const measured = all.filter(each => kinds(each).includes('measured'))
    expect(measured).to.have.length(1)
    for (const each of all) expect(each.tiles).to.deep.equal(measured[0]!.tiles)
  })
})
