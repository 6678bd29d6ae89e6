/** The page of examples/service in Chromium, with the service behind it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { demoClips, demoGolden, speechWav } from '../scoring/support'
import { launchChromium } from './chromium'
import { installService, Service } from './service-process'

const golden = demoGolden[0]!
const clip = demoClips[0]!

/** What the tests see of an element: their compiler knows no DOM. */
interface Focusable {
  readonly ownerDocument: { readonly activeElement: unknown }
}

const isFocused = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element: Focusable) => element === element.ownerDocument.activeElement)

describe('examples/service: the page', function () {
  this.timeout(120_000)
  let folder: string
  let service: Service
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let complaints: string[]
  let elsewhere: string[]

  before(async function () {
    folder = mkdtempSync(join(tmpdir(), 'aasist-page-'))
    const microphone = join(folder, 'microphone.wav')
    writeFileSync(microphone, speechWav({ seconds: 4 }))
    browser = await launchChromium(this, microphone)
    installService(folder)
    service = new Service(folder, { MAX_SECONDS: '20' })
    await service.ready()
  })
  after(async () => {
    // Both are undefined where a hook before this one skipped.
    await (browser as Browser | undefined)?.close()
    await (service as Service | undefined)?.end()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    context = await browser.newContext({ permissions: ['microphone'] })
    page = await context.newPage()
    page.setDefaultTimeout(60_000)
    complaints = []
    elsewhere = []
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(String(error)))
    page.on('request', request => {
      const url = new URL(request.url())
      if (!['blob:', 'data:'].includes(url.protocol) && url.origin !== service.origin)
        elsewhere.push(url.href)
    })
    await page.goto(service.origin)
  })
  afterEach(async () => {
    await context.close()
    // Also what its content security policy forbids.
    expect(complaints).to.deep.equal([])
    expect(elsewhere).to.deep.equal([])
  })

  const says = (text: RegExp): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor()
  const text = (id: string): Promise<string> => page.locator(`#${id}`).innerText()

  const expectDemoScore = async (): Promise<void> => {
    await says(/Done/)
    expect(await text('of')).to.equal(basename(clip))
    expect(parseFloat(await text('score'))).to.be.closeTo(golden.logits[1], 2e-3)
    expect(await text('decision')).to.equal(golden.logits[1] > 1.107 ? 'Genuine' : 'Spoofed')
    expect(await text('duration')).to.equal(`${(golden.samples / 16_000).toFixed(2)} s`)
    expect(await text('warnings')).to.include('demo weights')
  }

  it('scores a file that is chosen', async () => {
    await page.getByLabel('Choose a file').setInputFiles(clip)
    await expectDemoScore()
    expect(await page.locator('#player').evaluate((player: { src: string }) => player.src)).to.match(/^blob:/)
  })

  it('scores a file that is dropped', async () => {
    const transfer = await page.evaluateHandle(
      `(() => {
        const bytes = Uint8Array.from(atob(${JSON.stringify(readFileSync(clip).toString('base64'))}), c => c.charCodeAt(0))
        const transfer = new DataTransfer()
        transfer.items.add(new File([bytes], ${JSON.stringify(basename(clip))}))
        return transfer
      })()`,
    )
    await page.locator('#drop').dispatchEvent('drop', { dataTransfer: transfer })
    await expectDemoScore()
  })

  it('records from the microphone, by keyboard alone, and sends a WAV file of what was heard', async () => {
    const answered = page.waitForResponse(/v1\/score/)
    const button = page.getByRole('button', { name: /Record from the microphone|Stop and score/ })
    for (let pressed = 0; pressed < 10 && !(await isFocused(button)); pressed++) {
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await says(/Recording … 2 s/)
    expect(await button.getAttribute('aria-pressed')).to.equal('true')
    await page.keyboard.press('Enter')
    const { durationSeconds, warnings } = (await (await answered).json()) as {
      readonly durationSeconds: number
      readonly warnings: readonly { readonly code: string }[]
    }
    // The clock of the page began when the microphone had; what the audio thread made of 2 s is a little more or less.
    expect(durationSeconds).to.be.within(1, 20)
    // Of silence or a few samples there would be more to say.
    expect(warnings.map(({ code }) => code)).to.not.include.members(['AUDIO_SILENT'])
    await says(/Done/)
    expect(await text('decision')).to.be.oneOf(['Genuine', 'Spoofed'])
  })

  it('says why a file has no score', async () => {
    await page.getByLabel('Choose a file').setInputFiles({
      name: 'notes.wav',
      mimeType: 'audio/wav',
      buffer: Buffer.from('<html></html>'),
    })
    await says(/AUDIO_UNSUPPORTED/)
    expect(await page.locator('#result').isVisible()).to.equal(false)
    // Chromium says so of every answer that is an error.
    expect(complaints.splice(0).filter(one => !one.includes('status of 415'))).to.deep.equal([])
  })

  it('can be told to stop', async () => {
    await page.route(/v1\/score/, () => undefined)
    await page.getByLabel('Choose a file').setInputFiles(clip)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await says(/Cancelled/)
    expect(await page.getByRole('button', { name: 'Cancel' }).isVisible()).to.equal(false)
  })

  it('says when the service cannot be reached', async () => {
    await page.route(/v1\/score/, route => route.abort())
    await page.getByLabel('Choose a file').setInputFiles(clip)
    await says(/cannot be reached/)
    complaints.splice(0)
  })

  it('draws the scores of windows, and has them in a table', async () => {
    const windows = [1.5, 2.5, -0.5, null].map((score, index) => ({
      startSeconds: index,
      endSeconds: index + 4,
      score,
      decision: score === null ? null : score >= 1 ? 'bonafide' : 'spoof',
    }))
    const device = { kind: 'cpu', threads: 1 }
    const whole = {
      score: 1.5,
      decision: 'bonafide',
      threshold: 1,
      thresholdSource: null,
      durationSeconds: 6,
    }
    await page.route(/v1\/score/, route =>
      route.fulfill({ json: { ...whole, device, warnings: [], windows } }),
    )
    await page.getByLabel('Choose a file').setInputFiles(clip)
    const chart = page.getByRole('img', { name: '4 windows, 1 of them below the threshold' })
    await chart.waitFor()
    const bars = chart.locator('rect')
    const heights = await Promise.all((await bars.all()).map(bar => bar.getAttribute('height')))
    expect(heights.map(Number)).to.deep.equal([10 + (85 * 2) / 3, 95, 10, 3])
    expect(await bars.nth(2).getAttribute('class')).to.equal('spoof')
    await page.getByText('As a table').click()
    expect(await page.getByRole('row').allInnerTexts()).to.deep.equal([
      'From\tTo\tScore\tDecision',
      '0.00 s\t4.00 s\t1.500\tGenuine',
      '1.00 s\t5.00 s\t2.500\tGenuine',
      '2.00 s\t6.00 s\t-0.500\tSpoofed',
      '3.00 s\t7.00 s\tsilence\tNo decision',
    ])
  })
})
