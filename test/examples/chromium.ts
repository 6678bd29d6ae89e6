/** A browser for the pages of the examples. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { requireFound } from '../support/environment'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** Skips the calling test when there is none. `microphone`: a WAV file that it hears again and again. */
export async function launchChromium(test: Mocha.Context, microphone: string): Promise<Browser> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders
    .flatMap(folder => names.map(name => join(folder, name)))
    .find(path => existsSync(path))
  return chromium.launch({
    executablePath: requireFound(test, found, 'chromium'),
    args: [
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`,
    ],
  })
}
