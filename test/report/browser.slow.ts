/** The report as a browser shows it: Debian's chromium, driven by playwright-core. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import type { AxeResults } from 'axe-core'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { writeReport } from '../../lib/report'
import { evaluate } from '../../lib/scoring'
import { findProgram, pathFolders } from '../../lib/toolchain/find-program'
import { demoLines, tinyModel, writeCorpus } from '../scoring/support'
import { requireFound } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'
import { wholeList, writeScores } from './results'

const axe = createRequire(__filename).resolve('axe-core/axe.min.js')

const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1100, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1100, height: 900 }, colorScheme: 'dark' },
  'on a phone': { viewport: { width: 390, height: 844 }, colorScheme: 'light' },
}

describe('report: in a browser', function () {
  this.timeout(120_000)
  const folder = scratchFolder()
  let browser: Browser | undefined

  before(async function () {
    const found = await findProgram('chromium', pathFolders(process.env))
    const executablePath = requireFound(this, found, 'chromium')
    // As root, as in a container, Chromium refuses to start with its sandbox.
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  })
  after(() => browser?.close())

  interface Shown {
    readonly page: Page
    /** What the browser had to complain about, and every request but the one for the file. */
    readonly complaints: readonly string[]
  }

  async function show(file: string, options: BrowserContextOptions = {}): Promise<Shown> {
    const context = await browser!.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    const address = pathToFileURL(file).href
    page.on('console', message => complaints.push(message.text()))
    page.on('pageerror', error => complaints.push(error.message))
    page.on('request', request => {
      if (request.url() !== address) complaints.push(request.url())
    })
    await page.goto(address)
    return { page, complaints }
  }

  async function twoSystems(): Promise<string> {
    const out = join(folder(), 'report.html')
    const small = { bonafide: 300, attacks: { A07: 200, A19: 200 } }
    const results = [1, 2].map(seed => writeScores(folder(), `system-${seed}.txt`, small, seed))
    await writeReport({ results, out, intervals: 'bootstrap' })
    return out
  }

  it('shows the figures of metrics.json', async () => {
    const data = join(folder(), 'LA')
    const results = join(folder(), 'results')
    writeCorpus(data, demoLines(8))
    await evaluate({ model: tinyModel.checkpoint, data, out: results, asvPreset: 'la2019-eval', ci: {} })
    const out = join(folder(), 'report.html')
    await writeReport({ results: [results], out, intervals: 'bootstrap' })
    const { page } = await show(out)
    const metrics = JSON.parse(readFileSync(join(results, 'metrics.json'), 'utf8')) as Figures
    const cells = await page.locator('#figures table tr').allInnerTexts()
    const shown = new Map(cells.map(text => text.split('\t') as [string, string]))
    const expected: readonly [string, keyof Figures['ci'], (value: number) => string][] = [
      ['EER', 'eer', percent],
      ['min t-DCF', 'minTdcf', cost],
      ['min t-DCF v2', 'minTdcfV2', cost],
      ['minDCF', 'minDcf', cost],
      ['actDCF', 'actDcf', cost],
      ['Cllr', 'cllr', cost],
    ]
    for (const [title, name, written] of expected) {
      const [low, high] = metrics.ci[name]
      expect(shown.get(title), title).to.equal(
        `${written(metrics[name])} [${written(low)} to ${written(high)}]`,
      )
    }
    await page.locator('#attack-eers summary').click()
    const attacks = (await page.locator('#attack-eers tbody tr').allInnerTexts()).map(row => row.split('\t'))
    expect(attacks.map(([attack, , eer, , minTdcf]) => [attack, eer, minTdcf])).to.deep.equal(
      Object.entries(metrics.perAttack).map(([attack, { eer, minTdcf }]) => [
        attack,
        percent(eer),
        cost(minTdcf),
      ]),
    )
    await page.context().close()
  })

  for (const [look, options] of Object.entries(looks)) {
    it(`${look}: nothing to complain of, nothing fetched, no wider than the window, accessible`, async () => {
      const { page, complaints } = await show(await twoSystems(), options)
      const summaries = page.locator('summary')
      for (let index = 0; index < (await summaries.count()); index++) await summaries.nth(index).click()
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).to.be.at.most(0)
      expect(complaints).to.deep.equal([])
      const { violations, incomplete } = await axeOf(page)
      expect(violations.map(({ id, nodes }) => [id, nodes[0]!.html])).to.deep.equal([])
      // Behind text in SVG and behind cells that are scrolled out of sight axe-core sees no colour: theirs are the
      // page's own, as the next lines make sure.
      const unsure = incomplete
        .flatMap(({ nodes }) => nodes)
        .filter(({ html }) => !/^<(text|td|th|caption)\b/.test(html))
      expect(unsure.map(({ html }) => html)).to.deep.equal([])
      const [text, ...others] = await page.evaluate<string[]>(
        `[...new Set([getComputedStyle(document.body).color, ...[...document.querySelectorAll('svg text')].map(text => getComputedStyle(text).fill), ...[...document.querySelectorAll('td, th, caption')].map(cell => getComputedStyle(cell).color)])]`,
      )
      expect(text).to.match(/^rgb/)
      expect(others).to.deep.equal([])
      await page.context().close()
    })
  }

  it('opens its tables by keyboard alone', async () => {
    const { page } = await show(await twoSystems())
    const table = page.locator('#det-curves table')
    expect(await table.isVisible()).to.equal(false)
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab')
      if (await page.evaluate(`document.activeElement.matches('#det-curves summary')`)) break
    }
    await page.keyboard.press('Enter')
    expect(await table.isVisible()).to.equal(true)
    await page.context().close()
  })

  it('prints with every table, in dark colours on white, also where the screen is dark', async () => {
    const { page } = await show(await twoSystems(), looks['dark'])
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).to.equal(
      'rgb(255, 255, 255)',
    )
    expect(await page.evaluate('getComputedStyle(document.body).color')).to.equal('rgb(0, 0, 0)')
    expect(await page.locator('#det-curves table').isVisible()).to.equal(true)
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).to.equal('%PDF-')
    await page.context().close()
  })

  it('shows 71,237 scores', async () => {
    const out = join(folder(), 'report.html')
    await writeReport({ results: [writeScores(folder(), 'all.txt', wholeList)], out, intervals: 'none' })
    const { page, complaints } = await show(out)
    expect(await page.locator('svg[role=img]').count()).to.equal(17)
    expect(complaints).to.deep.equal([])
    await page.context().close()
  })
})

type Interval = readonly [number, number]
type FigureName = 'eer' | 'minTdcf' | 'minTdcfV2' | 'minDcf' | 'actDcf' | 'cllr'
type Figures = Readonly<Record<FigureName, number>> & {
  readonly perAttack: Readonly<Record<string, { readonly eer: number; readonly minTdcf: number }>>
  readonly ci: Readonly<Record<FigureName, Interval>>
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(3)} %`
const cost = (value: number): string => value.toFixed(4)

/** Through the debugger, as the page's policy allows no script. */
async function axeOf(page: Page): Promise<AxeResults> {
  await page.evaluate(readFileSync(axe, 'utf8'))
  return await page.evaluate<AxeResults>('axe.run()')
}
